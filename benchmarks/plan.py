"""What a run measures: groups of pairs and their cells, chosen from the data in suites/ by words."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jdk

HOME = Path(__file__).resolve().parent

# From here on messages travel in pieces.
LARGE = 65536

# The floor of a transport is raw of the same kind of descriptor or memory; shared memory rests on a socket.
FLOOR = "raw"
FLOORS = {"shm": ("shm", "unix"), "fifo": ("stdio",)}


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
    """One case at one size: all pairs of a group that can do it are measured alternately."""

    # What the programs and --only call it; the rows have its case, its threads and its pace apart.
    name: str
    size: int
    case: str
    threads: int
    pace_hz: int
    # How much of the time it gets, where others get one.
    weight: float

    @property
    def path(self) -> str:
        """Name the code that it runs; cells of one name have nothing new for a JIT."""
        return f"{self.case} {self.size}" if self.size >= LARGE else "small"


@dataclass
class Group:
    """Ours over one transport from one language, and the peers beside them: they live together, no others."""

    transport: str
    client: str
    # Which pairs are measured in each cell.
    cells: dict[Cell, list[Pair]] = field(default_factory=dict)

    def __str__(self) -> str:
        """Name it."""
        return f"{self.transport} from {self.client}"

    def pairs(self) -> list[Pair]:
        """List the pairs, each once."""
        return list(dict.fromkeys(pair for pairs in self.cells.values() for pair in pairs))

    def pinned(self, pin: str) -> Group:
        """Leave out what cannot be pinned so."""
        cells = {
            cell: [pair for pair in pairs if pin == "free" or not pair.needs_two_processors]
            for cell, pairs in self.cells.items()
        }
        return Group(self.transport, self.client, {cell: pairs for cell, pairs in cells.items() if pairs})

    def add(self, cell: Cell, pairs: list[Pair]) -> None:
        """Have these pairs measured in a cell, those that can do it."""
        known = self.cells.get(cell, [])
        able = [pair for pair in pairs if cell.name in pair.cases]
        if known or able:
            self.cells[cell] = list(dict.fromkeys([*known, *able]))


class MisusedError(Exception):
    """A word on the command line that means nothing here."""


def groups(only: list[str], peers: list[str] | None, *, quick: bool) -> list[Group]:
    """Choose by words: ours, with the peers that are of use beside them, and all those asked for by name."""
    ours, others = ours_and_others(only, peers, quick=quick)
    found: dict[tuple[str, str], list[Pair]] = {}
    for one in ours:
        found.setdefault((one.transport, one.client), []).append(one)
    missed = {system["name"] for system in others if peers is not None}
    for (transport, client), together in found.items():
        near = [system for system in others if is_beside(system, transport, client)]
        together.extend(pairs_beside(near, transport, client))
        missed -= {one.system for one in together}
    # Those asked for by name, though of another kind than ours here.
    for system in others:
        if system["name"] in missed and found:
            next(iter(found.values())).append(pair(system, system["transports"][0], system["languages"][0]))
    result = []
    for (transport, client), together in found.items():
        group = Group(transport, client)
        for each in cells(only, quick=quick):
            group.add(each, together)
        result.append(group)
    return result


def pairs(only: list[str], peers: list[str] | None, *, quick: bool) -> list[Pair]:
    """List all pairs that are chosen by words, each once."""
    return list(dict.fromkeys(one for group in groups(only, peers, quick=quick) for one in group.pairs()))


def ours_and_others(
    only: list[str], peers: list[str] | None, *, quick: bool
) -> tuple[list[Pair], list[dict[str, Any]]]:
    """Choose the pairs of ours, and the peers' systems."""
    systems = [one for one in load("systems") if not one.get("newest_jdk") or (jdk.newest() and not quick)]
    transports = chosen(only, [entry["name"] for entry in load("transports")])
    languages = chosen(only, sorted({word for system in systems for word in system["languages"]}))
    names = {system["name"] for system in systems if system.get("peer")}
    unknown = set(peers or []) - names - {"none"}
    if unknown:
        message = (
            f"no such peer: {', '.join(sorted(unknown))}; there are {', '.join(sorted(names))}, and none"
        )
        raise MisusedError(message)
    ours = [
        pair(system, transport, between)
        for system in systems
        if not system.get("peer")
        for transport in system["transports"]
        if transport in transports
        for between in system["languages"]
        if between in languages
    ]
    others = [
        system for system in systems if system.get("peer") and (peers is None or system["name"] in peers)
    ]
    return ours, others


def is_beside(system: dict[str, Any], transport: str, client: str) -> bool:
    """Tell whether a peer is of use beside ours over this transport from this language; its data say so."""
    words = system.get("beside", [])
    of_transport = [word for word in words if "-" not in word and word in transport_names()]
    of_client = [word for word in words if word not in transport_names()]
    return (not of_transport or transport in of_transport) and (not of_client or client in of_client)


def transport_names() -> list[str]:
    """List the transports."""
    return [entry["name"] for entry in load("transports")]


def pairs_beside(systems: list[dict[str, Any]], transport: str, client: str) -> list[Pair]:
    """List the pairs of peers: over the same transport where they have it, or else over their first one."""
    result = []
    for system in systems:
        if system["name"] == FLOOR:
            over = [name for name in FLOORS.get(transport, (transport,)) if name in system["transports"]]
        else:
            over = [transport if transport in system["transports"] else system["transports"][0]]
        result += [pair(system, name, between) for name in over for between in system["languages"]]
    floors = [one for one in result if one.system == FLOOR]
    own = {(one.variant, one.transport) for one in floors if one.client == client}
    return [
        one
        for one in result
        if one.system != FLOOR or one.client == client or (one.variant, one.transport) not in own
    ]


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
        case["name"],
        size,
        case.get("case", case["name"]),
        case.get("threads", 1),
        case.get("pace_hz", 0),
        case.get("weight", 1),
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
