"""What a run measures: pairs and cells, chosen from the data in suites/ by the command line's words."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parent


def load(name: str) -> list[dict[str, Any]]:
    """Read a list of the suites."""
    entries: list[dict[str, Any]] = json.loads((HOME / "suites" / f"{name}.json").read_text(encoding="utf-8"))
    return entries


@dataclass(frozen=True)
class Pair:
    """A client and a server that talk by one system over one transport."""

    system: str
    server_system: str
    transport: str
    client: str
    server: str
    cases: tuple[str, ...]
    needs_two_processors: bool

    def __str__(self) -> str:
        """Name it in one word."""
        return f"{self.system}/{self.transport}/{self.client}-{self.server}"


@dataclass(frozen=True)
class Cell:
    """One case at one size: all pairs that can do it are measured alternately."""

    case: str
    size: int


class MisusedError(Exception):
    """A word on the command line that means nothing here."""


def pairs(only: list[str], peers: list[str] | None) -> list[Pair]:
    """List the pairs: ours as chosen; peers over the chosen transports, or else over their first one."""
    systems = load("systems")
    transports = chosen(only, [entry["name"] for entry in load("transports")])
    languages = chosen(only, sorted({word for system in systems for word in system["languages"]}))
    names = {system["name"] for system in systems if system.get("peer")}
    unknown = set(peers or []) - names - {"none"}
    if unknown:
        message = (
            f"no such peer: {', '.join(sorted(unknown))}; there are {', '.join(sorted(names))}, and none"
        )
        raise MisusedError(message)
    result = []
    for system in systems:
        if system.get("peer") and peers is not None and not asked_for(system["name"], peers):
            continue
        over = [name for name in system["transports"] if name in transports]
        if system.get("peer") and not over and not system["name"].startswith("raw"):
            over = system["transports"][:1]
        between = [word for word in system["languages"] if system.get("peer") or word in languages]
        result += [pair(system, transport, word) for transport in over for word in between]
    return result


def asked_for(name: str, peers: list[str]) -> bool:
    """Tell whether a peer is asked for: by its name, or raw for all floors."""
    return name in peers or (name.startswith("raw-") and "raw" in peers)


def pair(system: dict[str, Any], transport: str, languages: str) -> Pair:
    """Make one pair of a system."""
    client, server = languages.split("-")
    return Pair(
        system["name"],
        system.get("server", system["name"]),
        transport,
        client,
        server,
        tuple(system["cases"]),
        bool(system.get("needs_two_processors")),
    )


def cells(only: list[str], *, quick: bool) -> list[Cell]:
    """List the cells; a quick run has the smallest unary call, unless others are named."""
    cases = load("cases")
    names = chosen(only, [case["name"] for case in cases])
    sizes = chosen(only, sorted({str(size) for case in cases for size in case["sizes"]}))
    every = [Cell(case["name"], size) for case in cases for size in case["sizes"] if case["name"] in names]
    result = [cell for cell in every if str(cell.size) in sizes]
    if quick:
        firsts = {cell.case: cell for cell in reversed(result)}
        named = [name for name in firsts if name in only] or (result[0:1] and [result[0].case])
        result = [cell for cell in reversed(firsts.values()) if cell.case in named]
    return result


def chosen(only: list[str], names: list[str]) -> list[str]:
    """Pick the names of one kind that are among the words, or all where none is."""
    return [name for name in names if name in only] or names


def check(only: list[str]) -> None:
    """Refuse words that name nothing."""
    known = {entry["name"] for entry in load("transports") + load("cases")}
    known |= {str(size) for case in load("cases") for size in case["sizes"]}
    known |= {word for system in load("systems") for word in system["languages"]}
    unknown = [word for word in only if word not in known]
    if unknown:
        message = f"--only knows transports, cases, sizes and client-server; not {', '.join(unknown)}"
        raise MisusedError(message)
