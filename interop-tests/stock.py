"""Programs that know gRPC's wire or HTTP, and nothing of samehost: whom they meet, and in which cases."""

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


def cases_of(suite: str) -> list[str]:
    """List the cases of a suite."""
    return [case["name"] for case in json.loads((HOME / "suites" / suite).read_text(encoding="utf-8"))]


class Stock:
    """The stock programs, as suites/stock.json says it."""

    def __init__(self) -> None:
        """Read it."""
        data = json.loads((HOME / "suites/stock.json").read_text(encoding="utf-8"))
        self.names: list[str] = list(data)
        self.servers: list[str] = [name for name, one in data.items() if "as_server" in one]
        self._cases: dict[str, list[str]] = {
            name: cases_of(one.get("cases", "cases.json")) for name, one in data.items()
        }
        self._transports: dict[str, list[str]] = {name: one["transports"] for name, one in data.items()}
        self._clients = {name: Role(**one["as_client"]) for name, one in data.items()}
        self._servers = {name: Role(**data[name]["as_server"]) for name in self.servers}

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
        """Give the cases to be run in a cell: for all, those for both its ends; none of another suite."""
        if not self.takes_part(cell):
            return wanted
        client = cell.client in self.names
        role = self._clients[cell.client] if client else self._servers[cell.server]
        cases = self._cases[cell.client if client else cell.server]
        if wanted != "all":
            return ",".join(case for case in wanted.split(",") if case in cases)
        return ",".join(case for case in cases if case not in role.without)
