"""Blocks whose bytes follow from a number, so that a receiver knows each byte that must come."""

from __future__ import annotations

from typing import Any

from samehost_interop.stubs import control

_PERIOD = 251


def block(seed: int, size: int) -> Any:
    """Make a block of `size` bytes: byte i is (seed + i) mod 251."""
    return control.Block(seed=seed, body=_body(seed, size))


def is_intact(one: Any) -> bool:
    """Tell whether every byte is as the block's number says."""
    return bool(one.body == _body(one.seed, len(one.body)))


def _body(seed: int, size: int) -> bytes:
    period = bytes((seed + at) % _PERIOD for at in range(_PERIOD))
    return (period * (size // _PERIOD + 1))[:size]
