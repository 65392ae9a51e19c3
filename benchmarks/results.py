"""What a run found: rows for the JSON file and a table for people, from samples taken in turn."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from plan import Cell, Pair
    from running import Sample

Row = dict[str, Any]


def row(pair: Pair, cell: Cell, pin: str, samples: list[Sample]) -> Row:
    """Make one row: medians over the rounds, and how far apart their p50 were."""
    calls = statistics.median(sample.calls / sample.seconds for sample in samples)
    return {
        "system": pair.system,
        "transport": pair.transport,
        "client": pair.client,
        "server": pair.server,
        "case": cell.case,
        "size": cell.size,
        "pin": pin,
        "p50_us": round(statistics.median(sample.p50_us for sample in samples), 3),
        "p99_us": round(statistics.median(sample.p99_us for sample in samples), 3),
        "mean_us": round(statistics.median(sample.mean_us for sample in samples), 3),
        "calls_per_s": round(calls, 1),
        "mb_per_s": round(calls * cell.size / 1e6, 3),
        "cpu_us_per_call": round(statistics.median(sample.cpu_us for sample in samples), 3),
        "rounds": len(samples),
        "p50_us_least": min(sample.p50_us for sample in samples),
        "p50_us_most": max(sample.p50_us for sample in samples),
    }


# Each column: its title, its width in a text, and what it shows of a row.
COLUMNS: tuple[tuple[str, int, Callable[[Row], str]], ...] = (
    ("p50 us", 12, lambda row: f"{row['p50_us']:.2f}"),
    ("spread", 22, lambda row: f"{row['p50_us_least']:.2f}-{row['p50_us_most']:.2f}"),
    ("p99 us", 12, lambda row: f"{row['p99_us']:.2f}"),
    ("mean us", 12, lambda row: f"{row['mean_us']:.2f}"),
    ("calls/s", 12, lambda row: f"{row['calls_per_s']:,.0f}"),
    ("MB/s", 12, lambda row: f"{row['mb_per_s']:,.1f}"),
    ("CPU us/call", 14, lambda row: f"{row['cpu_us_per_call']:.2f}"),
)
NAME_WIDTH = 48

PINS = {"free": "both processes free to move", "one": "both processes on one processor"}


def table(rows: list[Row], pin: str) -> str:
    """Write the rows of one pinning as text, a block a cell, the quickest first."""
    lines = ["", f"== {PINS[pin]}"]
    mine = [row for row in rows if row["pin"] == pin]
    for case, size in dict.fromkeys((row["case"], row["size"]) for row in mine):
        title = f"{case}, {size} bytes".ljust(NAME_WIDTH)
        lines += ["", title + "".join(name.rjust(width) for name, width, _ in COLUMNS)]
        block = [row for row in mine if (row["case"], row["size"]) == (case, size)]
        for row in sorted(block, key=lambda row: float(row["p50_us"])):
            name = f"  {row['system']} {row['transport']} {row['client']}-{row['server']}".ljust(NAME_WIDTH)
            lines.append(name + "".join(show(row).rjust(width) for _, width, show in COLUMNS))
    return "\n".join(lines)
