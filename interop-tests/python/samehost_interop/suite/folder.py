"""The files of the folder `interop-tests`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samehost_interop.flags import Misused
from samehost_interop.suite.case import Case
from samehost_interop.suite.catalogue import Catalogue


@dataclass(frozen=True)
class TransportUse:
    """How a transport is used: its scheme, what a server is given, what a client is given."""

    name: str
    server: str
    client: str

    @property
    def spawns(self) -> bool:
        """Whether the client starts the server."""
        return "{command}" in self.client


@dataclass(frozen=True)
class Gap:
    """A case that is known not to work; what is absent holds for any."""

    case: str
    why: str
    client: str | None = None
    server: str | None = None
    transport: str | None = None

    def covers(self, case: str, client: str, server: str, transport: str) -> bool:
        """Tell whether it is about this run of this case."""
        pairs = ((self.client, client), (self.server, server), (self.transport, transport))
        return self.case == case and all(known in (None, found) for known, found in pairs)


class Suite:
    """The data of the interop tests, read when it is asked for."""

    def __init__(self, home: str) -> None:
        """Take the folder `interop-tests`."""
        self._home = Path(home).resolve()

    def cases(self, wanted: str) -> list[Case]:
        """Give the cases with these names, with commas between; a whole file's for `all` and `faults`."""
        cases = [Case.of(data) for data in self._read("suites/cases.json")]
        faults = [Case.of(data) for data in self._read("suites/faults.json")]
        if wanted in ("all", "faults"):
            return cases if wanted == "all" else faults
        named = {case.name: case for case in cases + faults}
        for name in wanted.split(","):
            if name not in named:
                message = f"no such case: {name}"
                raise Misused(message)
        return [named[name] for name in wanted.split(",")]

    def gaps(self) -> list[Gap]:
        """Give what is known not to work."""
        return [Gap(**data) for data in self._read("suites/gaps.json")]

    def transport(self, name: str) -> TransportUse:
        """Tell how a transport is used."""
        for data in self._read("suites/transports.json"):
            if data["name"] == name:
                return TransportUse(**data)
        message = f"no transport {name} in transports.json"
        raise Misused(message)

    def catalogue(self) -> Catalogue:
        """Give the catalogue of faults."""
        return Catalogue(self._read("../proto/vectors/faults.json"))

    def path(self, name: str) -> str:
        """Give a file of the folder."""
        return str(self._home / name)

    def _read(self, name: str) -> Any:
        return json.loads((self._home / name).read_text(encoding="utf-8"))


def fill(template: str, **values: str) -> str:
    """Give a template with its placeholders filled in."""
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", value)
    return template
