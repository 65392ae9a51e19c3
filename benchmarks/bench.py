"""The benchmarks' driver: measures every cell alternately with its peers, and prints the tables."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import page
import plan
import results
from plan import Cell, MisusedError, Pair
from running import BrokenError, Running, Sample

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Pace:
    """How long a cell takes: warm-up of each pair, then rounds in which every pair has its turn."""

    first_warm_up: float
    warm_up: float
    rounds: int
    turn: float

    def seconds(self, cells: int, pairs: int) -> float:
        """Reckon how long so many cells of so many pairs take."""
        return cells * (self.warm_up + self.rounds * self.turn) + pairs * (self.first_warm_up - self.warm_up)


FULL = Pace(first_warm_up=15, warm_up=3, rounds=5, turn=2)
# When a quick run is to end, and how long the turns of one cell of one pair may be at least and at most.
QUICK_SECONDS = 32.0
QUICK_CELL_SECONDS = (0.4, 5.0)


def quick(turns: int, spent: float) -> Pace:
    """Fit a run into what the start of all pairs has left of a quick one's time: half of it is warm-up."""
    least, most = QUICK_CELL_SECONDS
    share = max(least, min(most, (QUICK_SECONDS - spent) / max(1, turns)))
    return Pace(first_warm_up=share / 2, warm_up=share / 2, rounds=2, turn=share / 4)


def say(text: str) -> None:
    """Tell people how far it is; the tables alone go to standard output."""
    print(text, file=sys.stderr, flush=True)


def measure(
    pairs: list[Pair], cells: list[Cell], pin: str, pace_now: Callable[[], Pace]
) -> list[results.Row]:
    """Run all cells of one pinning, all pairs alive throughout."""
    processor = max(os.sched_getaffinity(0)) if pin == "one" else None
    rows = []
    with contextlib.ExitStack() as stack:
        running = []
        for pair in pairs:
            if pin == "free" or not pair.needs_two_processors:
                say(f"{pin}: starting {pair}")
                running.append(stack.enter_context(Running(pair, processor)))
        pace = pace_now()
        warm: set[Pair] = set()
        for cell in cells:
            able = [one for one in running if cell.case in one.pair.cases]
            say(f"{pin}: {cell.case}, {cell.size} bytes, {len(able)} pairs")
            for one in able:
                one.order(cell, pace.warm_up if one.pair in warm else pace.first_warm_up)
                warm.add(one.pair)
            samples: dict[Pair, list[Sample]] = {one.pair: [] for one in able}
            for _ in range(pace.rounds):
                for one in able:
                    samples[one.pair].append(one.order(cell, pace.turn))
            rows += [results.row(one.pair, cell, pin, samples[one.pair]) for one in able]
    return rows


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="benchmarks/run", description=__doc__)
    parser.add_argument("--only", default="", metavar="WORDS", help="transports, cases, sizes, client-server")
    parser.add_argument(
        "--peers", metavar="NAMES", help="the systems to compare with, or none; all if not given"
    )
    parser.add_argument("--pin", choices=["one", "free"], help="one of the two tables instead of both")
    parser.add_argument("--quick", action="store_true", help="short turns and little warm-up: for a glance")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write a page with plots there")
    return parser.parse_args()


def words(text: str) -> list[str]:
    """Split at commas and spaces."""
    return text.replace(",", " ").split()


def main() -> int:
    """Run, print the tables, and write what is asked for."""
    asked = arguments()
    only = words(asked.only)
    try:
        plan.check(only)
        pairs = plan.pairs(only, None if asked.peers is None else words(asked.peers))
        cells = plan.cells(only, quick=asked.quick)
    except MisusedError as refused:
        say(f"benchmarks/run: {refused}")
        return 2
    pins = [asked.pin] if asked.pin else ["free"] if asked.quick else ["free", "one"]
    turns = len(pins) * sum(cell.case in pair.cases for cell in cells for pair in pairs)
    begin = time.monotonic()

    def pace() -> Pace:
        return quick(turns, time.monotonic() - begin) if asked.quick else FULL

    minutes = pace().seconds(turns, len(pins) * len(pairs)) / 60
    say(f"{len(pairs)} pairs, {turns} cells: about {minutes:.0f} minutes of measuring")
    rows = []
    try:
        for pin in pins:
            rows += measure(pairs, cells, pin, pace)
    except BrokenError as broken:
        say(f"benchmarks/run: {broken}")
        return 1
    say(f"{len(rows)} rows in {time.monotonic() - begin:.0f} s")
    for pin in pins:
        print(results.table(rows, pin))
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    if asked.page:
        asked.page.parent.mkdir(parents=True, exist_ok=True)
        asked.page.write_text(page.page(rows, quick=asked.quick), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
