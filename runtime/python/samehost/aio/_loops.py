"""Finds the event loop that an object works on. Knows no wire."""

from __future__ import annotations

import asyncio


def working_loop(bound: asyncio.AbstractEventLoop | None) -> asyncio.AbstractEventLoop:
    """Answer the loop that runs, or else the one that the object is bound to, or else this thread's.

    RuntimeError where the object is bound to another one than the one that runs.
    """
    try:
        running = asyncio.get_running_loop()
    except RuntimeError:
        return bound or asyncio.get_event_loop()
    if bound is not None and bound is not running:
        message = "this belongs to another event loop: make a channel, or a server, for each"
        raise RuntimeError(message)
    return running
