"""Requests of a call of threads, which are given one by one: gRPC takes them from an iterator."""

from __future__ import annotations

import queue
from typing import Any

_END = object()


class Written:
    """The iterator, and what it is filled by."""

    def __init__(self) -> None:
        """Hold none."""
        self._requests: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def write(self, request: Any) -> None:
        """Give the next request."""
        self._requests.put(request)

    def end(self) -> None:
        """Say that no further one comes."""
        self._requests.put(_END)

    def __iter__(self) -> Written:
        """Answer this object."""
        return self

    def __next__(self) -> Any:
        """Wait for the next request."""
        request = self._requests.get()
        if request is _END:
            raise StopIteration
        return request
