"""The goals: what the project wants to reach, as data, and whether the rows of a run reach it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import plan
import results
from plan import Group

if TYPE_CHECKING:
    from collections.abc import Iterator

    from results import Row

# A ratio below it is said as a part.
HALF = 1 / 2

REACHED, MISSED, UNKNOWN = "reached", "missed", "not measured"

# What connections may cost: more milliseconds of processor in ten seconds with a hundred, and KiB each.
IDLE_MS, IDLE_KIB = 10, 100

UNITS = {
    "p50_us": ("p50", "us"),
    "p99_us": ("p99", "us"),
    "cpu_us_per_call": ("CPU", "us"),
    "calls_per_s": ("", "calls/s"),
    "mb_per_s": ("", "MB/s"),
}


@dataclass(frozen=True)
class Limit:
    """What was found of one limit."""

    found: str
    wanted: str
    verdict: str


@dataclass(frozen=True)
class Line:
    """One goal over one transport between two languages: what must be, and what is aimed at."""

    what: str
    must: list[Limit]
    aim: list[Limit]


def goals() -> Iterator[tuple[dict[str, Any], str, str]]:
    """List each goal for each transport and pair of languages that it has."""
    for goal in plan.load("goals"):
        for transport in goal["over"]:
            for between in goal["between"]:
                yield goal, transport, between


def groups(pin: str) -> list[Group]:
    """List what has to be measured with one pinning: no more pairs in a cell than its goals speak of."""
    found: dict[tuple[str, str], Group] = {}
    cells = {(cell.name, cell.size): cell for cell in plan.cells([], quick=False)}
    for goal, transport, between in goals():
        if pin not in goal["pins"]:
            continue
        client = between.partition("-")[0]
        group = found.setdefault((transport, client), Group(transport, client))
        group.add(cells[goal["case"], goal["size"]], chosen(goal, transport, between))
    return list(found.values())


def chosen(goal: dict[str, Any], transport: str, between: str) -> list[plan.Pair]:
    """Choose ours, and the peers that its limits name."""
    client = between.partition("-")[0]
    named = {name for limit in limits(goal) for name in limit.get("times", [])}
    ours, others = plan.ours_and_others([transport, between], None, quick=False)
    mine = [pair for pair in ours if pair.variant == goal.get("variant", "")]
    every = plan.pairs_beside(others, transport, client)
    every += [
        plan.pair(one, over, between)
        for one in others
        for over in one["transports"]
        for between in one["languages"]
    ]
    peers: dict[str, plan.Pair] = {}
    for pair in every:
        # The floor in the client's language comes first, and no other one then.
        if peer(pair.system, pair.variant, pair.transport) in named:
            peers.setdefault(peer(pair.system, pair.variant, pair.transport), pair)
    return mine + list(peers.values())


def limits(goal: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """List all limits of a goal."""
    for limit in goal["must"] + goal.get("aim", []):
        yield from limit.get("any", [limit])


def peer(system: str, variant: str, transport: str) -> str:
    """Name a peer as the goals do."""
    return f"{system}-{variant}/{transport}" if variant else f"{system}/{transport}"


def judge(rows: list[Row], costly: list[dict[str, Any]]) -> list[Line]:
    """Hold rows and costs against the goals; one that nothing was measured of is left out."""
    found = []
    for goal, transport, between in goals():
        for pin in goal["pins"]:
            block = [row for row in rows if is_of(row, goal, transport, between, pin)]
            ours = [row for row in block if is_ours(row, goal, transport, between)]
            if ours:
                must, aim = (
                    [held(limit, ours[0], block) for limit in goal.get(key, [])] for key in ("must", "aim")
                )
                extra = f", {goal['says']}" if goal["says"] else ""
                found.append(Line(f"{transport} {between}: {results.title(ours[0])}{extra}", must, aim))
    return found + [idle(cost) for cost in costly if cost["system"] == "samehost" and "cpu_ms_idle_1" in cost]


def is_of(row: Row, goal: dict[str, Any], transport: str, between: str, pin: str) -> bool:
    """Tell whether a row was measured in turn with what a goal speaks of."""
    case = next(case for case in plan.load("cases") if case["name"] == goal["case"])
    cell = plan.cell(case, goal["size"])
    group = str(Group(transport, between.partition("-")[0]))
    return (row["group"], row["pin"], row["case"], row["size"], row["threads"], row["pace_hz"]) == (
        (group, pin, cell.case, cell.size, cell.threads, cell.pace_hz)
    )


def is_ours(row: Row, goal: dict[str, Any], transport: str, between: str) -> bool:
    """Tell whether a row is what a goal is for."""
    of = (row["system"], row["variant"], row["transport"], f"{row['client']}-{row['server']}")
    return bool(of == ("samehost", goal.get("variant", ""), transport, between))


def held(limit: dict[str, Any], ours: Row, block: list[Row]) -> Limit:
    """Hold a row against a limit: a number, or so many times the best of some peers."""
    if "any" in limit:
        several = [held(one, ours, block) for one in limit["any"]]
        verdicts = [one.verdict for one in several]
        verdict = REACHED if REACHED in verdicts else MISSED if MISSED in verdicts else UNKNOWN
        return Limit(
            "; ".join(one.found for one in several), " or ".join(one.wanted for one in several), verdict
        )
    most = "most" in limit
    bound = limit["most"] if most else limit["least"]
    label, unit = UNITS[limit["of"]]
    mine = ours[limit["of"]]
    shown = f"{label} {number(mine)} {unit}".strip()
    if "times" not in limit:
        wanted = f"{'at most' if most else 'at least'} {number(bound)} {unit}"
        return Limit(shown, wanted, verdict_of(mine, bound, most=most))
    others = [best_floor(ours, block, name, limit["of"]) for name in limit["times"]]
    theirs = [value for value in others if value]
    name = " or ".join(each.replace("/", " ") for each in limit["times"])
    if not theirs:
        return Limit(shown, f"{times(bound, most=most)} {name}", UNKNOWN)
    best = min(theirs) if most else max(theirs)
    ratio = mine / best
    found = (
        f"{shown}, {ratio:.2f} x" if ratio > HALF or not most else f"{shown}, 1/{best / max(mine, 1e-9):.1f}"
    )
    return Limit(
        f"{found} of {number(best)}", f"{times(bound, most=most)} {name}", verdict_of(ratio, bound, most=most)
    )


def best_floor(ours: Row, block: list[Row], name: str, key: str) -> float | None:
    """Find a peer's value; a floor in our client's language, if there is one."""
    found = [row for row in block if peer(row["system"], row["variant"], row["transport"]) == name]
    found.sort(key=lambda row: row["client"] != ours["client"])
    return found[0][key] if found else None


def times(bound: float, *, most: bool) -> str:
    """Say a factor."""
    if most:
        return f"at most 1/{round(1 / bound)} of" if bound <= HALF else f"at most {bound:g} x"
    return f"at least {bound:g} x"


def verdict_of(value: float, bound: float, *, most: bool) -> str:
    """Compare."""
    return REACHED if (value <= bound if most else value >= bound) else MISSED


def number(value: float) -> str:
    """Write a number as short as it may be."""
    return f"{value:,.0f}" if value >= 1000 or value == round(value) else f"{value:.3g}"  # noqa: PLR2004


def idle(cost: dict[str, Any]) -> Line:
    """Hold what idle connections cost against the goals."""
    more = cost.get("cpu_ms_idle_100", 0) - cost["cpu_ms_idle_1"]
    kib = cost.get("pss_kib_per_connection", 0)
    must = [
        Limit(f"{more:.1f} ms of CPU", f"at most {IDLE_MS} ms", verdict_of(more, IDLE_MS, most=True)),
        Limit(f"{kib} KiB", f"under {IDLE_KIB} KiB", verdict_of(kib, IDLE_KIB, most=True)),
    ]
    pair = f"{cost['transport']} {cost['client']}-{cost['server']}"
    return Line(f"{pair}: 100 idle connections for 10 s; memory of each", must, [])


def table(rows: list[Row], costly: list[dict[str, Any]]) -> str:
    """Write them as text."""
    lines = judge(rows, costly)
    if not lines:
        return ""
    text = ["", "== goals"]
    for line in lines:
        text += ["", line.what]
        for kind, several in (("must", line.must), ("aim", line.aim)):
            text += [
                f"  {kind.ljust(4)}  {one.verdict.ljust(13)} {one.found}; {one.wanted}" for one in several
            ]
    return "\n".join(text)
