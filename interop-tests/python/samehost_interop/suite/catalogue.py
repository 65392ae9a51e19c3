"""The catalogue of faults as data: which status code and which text each has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from samehost_interop.suite.status import Status

_PLACEHOLDER = re.compile(r"\{(\w+)}")


class Catalogue:
    """The catalogue of faults, as it stands in `proto/vectors/faults.json`."""

    def __init__(self, faults: list[dict[str, str]]) -> None:
        """Take its entries."""
        self._entries = {fault["fault"]: fault for fault in faults}

    def matches(self, fault: str, values: dict[str, str], status: Status) -> bool:
        """Tell whether a status is this fault; a placeholder without a value may stand for anything."""
        entry = self._entries[fault]
        pieces = _PLACEHOLDER.split(entry["template"])
        pattern = "".join(
            re.escape(values[piece])
            if at % 2 and piece in values
            else "(?s:.+)"
            if at % 2
            else re.escape(piece)
            for at, piece in enumerate(pieces)
        )
        return status.code.name == entry["code"] and re.fullmatch(pattern, status.details) is not None
