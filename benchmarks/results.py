"""What a run found: rows for the JSON file and a table for people, from samples taken in turn."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

import jdk

if TYPE_CHECKING:
    from collections.abc import Callable

    from plan import Cell, Group, Pair
    from running import Sample

Row = dict[str, Any]


def row(pair: Pair, group: Group, cell: Cell, pin: str, samples: list[Sample]) -> Row:
    """Make one row: medians over the rounds, and how far apart their p50 were."""
    calls = statistics.median(sample.calls / sample.seconds for sample in samples)
    newest = jdk.newest() if pair.newest_jdk else None
    return {
        "system": pair.system,
        "variant": f"jdk-{newest[0]}" if newest else pair.variant,
        "transport": pair.transport,
        "client": pair.client,
        "server": pair.server,
        "case": cell.case,
        "size": cell.size,
        "threads": cell.threads,
        "pace_hz": cell.pace_hz,
        "pin": pin,
        "group": str(group),
        "p50_us": round(statistics.median(sample.p50_us for sample in samples), 3),
        "p99_us": round(statistics.median(sample.p99_us for sample in samples), 3),
        "mean_us": round(statistics.median(sample.mean_us for sample in samples), 3),
        "calls_per_s": round(calls, 1),
        "mb_per_s": round(calls * cell.size / 1e6, 3),
        "cpu_us_per_call": round(statistics.median(sample.cpu_us for sample in samples), 3),
        "rounds": len(samples),
        "p50_us_least": min(sample.p50_us for sample in samples),
        "p50_us_most": max(sample.p50_us for sample in samples),
        "calls_per_s_least": round(min(sample.calls / sample.seconds for sample in samples), 1),
        "calls_per_s_most": round(max(sample.calls / sample.seconds for sample in samples), 1),
    }


def blocks(rows: list[Row], pin: str) -> dict[str, list[Row]]:
    """Sort the rows of one pinning by cell and group, the best first; each has a title."""
    found: dict[str, list[Row]] = {}
    for one in rows:
        if one["pin"] == pin:
            found.setdefault(f"{title(one)}: {one['group']}", []).append(one)
    return {name: sorted(block, key=order) for name, block in found.items()}


def order(one: Row) -> float:
    """Sort by what a cell is about: the time of a call, or how many there are in a second."""
    return float(one["p50_us"]) if one["case"] == "unary" else -float(one["calls_per_s"])


def title(one: Row) -> str:
    """Name the cell of a row."""
    extra = f", from {one['threads']} threads" if one["threads"] > 1 else ""
    extra += f", {one['pace_hz']} a second" if one["pace_hz"] else ""
    return f"{one['case']}{extra}, {one['size']} bytes"


def name(one: Row) -> str:
    """Name the pair of a row."""
    system = f"{one['system']} ({one['variant']})" if one["variant"] else one["system"]
    return f"{system} {one['transport']} {one['client']}-{one['server']}"


def to_floor(one: Row, block: list[Row], variant: str) -> str:
    """Tell how many times as long as the floor a row of ours takes, by its client's language if it can be."""
    transport = {"fifo": "stdio"}.get(one["transport"], one["transport"])
    floors = {
        other["client"]: other["p50_us"]
        for other in block
        if (other["system"], other["variant"], other["transport"]) == ("raw", variant, transport)
    }
    floor = floors.get(one["client"], floors.get("rust"))
    return f"{one['p50_us'] / floor:.2f}" if floor and one["system"] == "samehost" else ""


def against(one: Row, block: list[Row], system: str) -> str:
    """Tell how many times better a row of ours is than a peer over unix:, in time or in calls a second."""
    for other in block:
        if (other["system"], other["variant"], other["transport"]) == (system, "", "unix"):
            if one["system"] != "samehost":
                return ""
            if one["case"] == "unary":
                return f"{other['p50_us'] / one['p50_us']:.1f}"
            return f"{one['calls_per_s'] / other['calls_per_s']:.1f}"
    return ""


# Each column: its title, its width in a text, and what it shows of a row among those of its cell.
COLUMNS: tuple[tuple[str, int, Callable[[Row, list[Row]], str]], ...] = (
    ("p50 us", 12, lambda row, _: f"{row['p50_us']:.2f}"),
    ("spread", 22, lambda row, _: f"{row['p50_us_least']:.2f}-{row['p50_us_most']:.2f}"),
    ("p99 us", 12, lambda row, _: f"{row['p99_us']:.2f}"),
    ("mean us", 12, lambda row, _: f"{row['mean_us']:.2f}"),
    ("calls/s", 12, lambda row, _: f"{row['calls_per_s']:,.0f}"),
    ("MB/s", 12, lambda row, _: f"{row['mb_per_s']:,.1f}"),
    ("CPU us/call", 14, lambda row, _: f"{row['cpu_us_per_call']:.2f}"),
    ("/ raw", 8, lambda row, block: to_floor(row, block, "")),
    ("/ spin", 8, lambda row, block: to_floor(row, block, "spin")),
    ("x grpc-java", 13, lambda row, block: against(row, block, "grpc-java")),
)
NAME_WIDTH = 54

PINS = {"free": "both processes free to move", "one": "both processes on one processor"}


def table(rows: list[Row], pin: str) -> str:
    """Write the rows of one pinning as text, a block a cell."""
    lines = ["", f"== {PINS[pin]}"]
    for heading, block in blocks(rows, pin).items():
        lines += [
            "",
            heading.ljust(NAME_WIDTH) + "".join(column.rjust(width) for column, width, _ in COLUMNS),
        ]
        for one in block:
            shown = "".join(show(one, block).rjust(width) for _, width, show in COLUMNS)
            lines.append(f"  {name(one)}".ljust(NAME_WIDTH) + shown)
    return "\n".join(lines)
