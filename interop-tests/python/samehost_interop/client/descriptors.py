"""The descriptors of this process that a connection or a child might leave behind."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from samehost_interop.suite import Mismatch

_PATIENCE_SECONDS = 20
_PAUSE_SECONDS = 0.02
# Sockets, pipes, and what the kernel has without a name.
_KINDS = ("socket:", "pipe:", "anon_inode:")


def count() -> int:
    """Count them; none are seen where there is no `/proc`."""
    return sum(_target(one).startswith(_KINDS) for one in Path("/proc/self/fd").glob("*"))


def _target(descriptor: Path) -> str:
    """Tell what it is; nothing of one that was closed while it was looked at."""
    with contextlib.suppress(OSError):
        return os.readlink(descriptor)  # noqa: PTH115 it names no file
    return ""


def wait_for_at_most(before: int) -> None:
    """Wait until there are no more than so many: a child that does not end holds some for a while."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while (now := count()) > before:
        if time.monotonic() > end:
            message = f"descriptors were left behind: {before} before, {now} after"
            raise Mismatch(message)
        time.sleep(_PAUSE_SECONDS)
