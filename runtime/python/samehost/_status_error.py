"""The one exception of the native half, which imports it from here. Knows nothing else of the package."""

from __future__ import annotations


class StatusError(Exception):
    """What went wrong, as a gRPC status: see `samehost._native`, whose exception it is."""

    def __init__(self, code: int, text: str) -> None:
        """Take gRPC's code, never 0, and a text that alone lets a person act."""
        super().__init__(code, text)
        self.code = code
        self.text = text

    def __str__(self) -> str:
        """Give the text."""
        return self.text
