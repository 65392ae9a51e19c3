"""Hands the log of the native half, and the lines that children write to their standard error, to `logging`.

The loggers' names begin with `samehost`.
"""

from __future__ import annotations

import logging

from samehost import _native


def _hand_on(level: int, name: str, text: str) -> None:
    logging.getLogger(name).log(level, "%s", text)


def turn_on() -> None:
    """Begin to hand on; may be repeated."""
    _native.log_to(_hand_on)
