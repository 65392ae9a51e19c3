"""What a run measures: pairs and cells, chosen from the data in suites/ by the command line's words."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jdk

HOME = Path(__file__).resolve().parent


def load(name: str) -> list[dict[str, Any]]:
    """Read a list of the suites."""
    entries: list[dict[str, Any]] = json.loads((HOME / "suites" / f"{name}.json").read_text(encoding="utf-8"))
    return entries


@dataclass(frozen=True)
class Pair:
    """A client and a server that talk by one system over one transport."""

    system: str
    variant: str
    # What the two programs call it.
    client_system: str
    server_system: str
    transport: str
    client: str
    server: str
    cases: tuple[str, ...]
    needs_two_processors: bool
    newest_jdk: bool

    @property
    def has_jit(self) -> bool:
        """Tell whether it needs a longer warm-up."""
        return "java" in (self.client, self.server)

    def __str__(self) -> str:
        """Name it in one word."""
        name = f"{self.system}-{self.variant}" if self.variant else self.system
        return f"{name}/{self.transport}/{self.client}-{self.server}"


@dataclass(frozen=True)
class Cell:
    """One case at one size: all pairs that can do it are measured alternately."""

    # What the programs and --only call it; the rows have its case, its threads and its pace apart.
    name: str
    size: int
    case: str
    threads: int
    pace_hz: int


class MisusedError(Exception):
    """A word on the command line that means nothing here."""


def pairs(only: list[str], peers: list[str] | None, *, quick: bool) -> list[Pair]:
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
        if system.get("peer") and peers is not None and system["name"] not in peers:
            continue
        if system.get("newest_jdk") and (quick or not jdk.newest()):
            continue
        over = [name for name in system["transports"] if name in transports]
        if system.get("peer") and not over and system["name"] != "raw":
            over = system["transports"][:1]
        between = [word for word in system["languages"] if system.get("peer") or word in languages]
        result += [pair(system, transport, word) for transport in over for word in between]
    return result


def pair(system: dict[str, Any], transport: str, languages: str) -> Pair:
    """Make one pair of a system."""
    client, server = languages.split("-")
    return Pair(
        system["name"],
        system.get("variant", ""),
        system.get("client", system["name"]),
        system.get("server", system["name"]),
        transport,
        client,
        server,
        tuple(system["cases"]),
        bool(system.get("needs_two_processors")),
        bool(system.get("newest_jdk")),
    )


def cells(only: list[str], *, quick: bool) -> list[Cell]:
    """List the cells; a quick run has the smallest unary call, unless others are named."""
    cases = load("cases")
    names = chosen(only, [case["name"] for case in cases])
    sizes = chosen(only, sorted({str(size) for case in cases for size in case["sizes"]}))
    every = [cell(case, size) for case in cases for size in case["sizes"] if case["name"] in names]
    result = [one for one in every if str(one.size) in sizes]
    if quick:
        firsts = {one.name: one for one in reversed(result)}
        named = [name for name in firsts if name in only] or (result[0:1] and [result[0].name])
        result = [one for one in reversed(firsts.values()) if one.name in named]
    return result


def cell(case: dict[str, Any], size: int) -> Cell:
    """Make one cell of a case."""
    return Cell(
        case["name"], size, case.get("case", case["name"]), case.get("threads", 1), case.get("pace_hz", 0)
    )


def chosen(only: list[str], names: list[str]) -> list[str]:
    """Pick the names of one kind that are among the words, or all where none is."""
    return [name for name in names if name in only] or names


def words(text: str) -> list[str]:
    """Split at commas and spaces."""
    return text.replace(",", " ").split()


def check(only: list[str]) -> None:
    """Refuse words that name nothing."""
    known = {entry["name"] for entry in load("transports") + load("cases")}
    known |= {str(size) for case in load("cases") for size in case["sizes"]}
    known |= {word for system in load("systems") for word in system["languages"]}
    unknown = [word for word in only if word not in known]
    if unknown:
        message = f"--only knows transports, cases, sizes and client-server; not {', '.join(unknown)}"
        raise MisusedError(message)
