"""Programs that speak gRPC's own wire, HTTP/2: whom they meet, and in which cases."""

from __future__ import annotations

import json
from dataclasses import dataclass

from cells import HOME, Cell, Transport


@dataclass
class Role:
    """A stock program as a client, or as a server."""

    of: list[str]
    """Whom it meets there."""
    without: dict[str, str]
    """The cases that are not for it, and why."""


class Stock:
    """The stock programs, as suites/stock.json says it."""

    def __init__(self) -> None:
        """Read it."""
        data = json.loads((HOME / "suites/stock.json").read_text(encoding="utf-8"))
        cases = json.loads((HOME / "suites/cases.json").read_text(encoding="utf-8"))
        self.names: list[str] = list(data)
        self._cases: list[str] = [case["name"] for case in cases]
        self._transports: dict[str, list[str]] = {name: one["transports"] for name, one in data.items()}
        self._clients = {name: Role(**one["as_client"]) for name, one in data.items()}
        self._servers = {name: Role(**one["as_server"]) for name, one in data.items()}

    def cells(self, transports: list[Transport], limit: float) -> list[Cell]:
        """Make the cells in which they take part."""
        pairs = [(name, server) for name, role in self._clients.items() for server in role.of]
        pairs += [(client, name) for name, role in self._servers.items() for client in role.of]
        return [
            Cell(client, server, transport, limit)
            for client, server in pairs
            for transport in transports
            if transport.name in self._transports[client if client in self.names else server]
        ]

    def takes_part(self, cell: Cell) -> bool:
        """Tell whether one end of a cell is a stock program."""
        return cell.client in self.names or cell.server in self.names

    def case(self, cell: Cell, wanted: str) -> str:
        """Give the cases to be run in a cell: for all, those that are for both its ends."""
        if wanted != "all" or not self.takes_part(cell):
            return wanted
        client = cell.client in self.names
        role = self._clients[cell.client] if client else self._servers[cell.server]
        return ",".join(case for case in self._cases if case not in role.without)
