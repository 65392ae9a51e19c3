"""The benchmarks' driver: measures every cell alternately with its peers, and prints the tables."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import building
import pace
import page
import plan
import results
from pace import Pace
from plan import Cell, MisusedError, Pair
from running import BrokenError, Running, Sample

if TYPE_CHECKING:
    from collections.abc import Callable


TERMINATED = 143

# So many pairs are started at a time: a JVM's start keeps a processor busy.
STARTERS = 2 * (os.cpu_count() or 1)


def say(text: str) -> None:
    """Tell people how far it is; the tables alone go to standard output."""
    print(text, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Part:
    """What one --only chooses: its pairs live together, and each cell is measured in turn with its peers."""

    pairs: list[Pair]
    cells: list[Cell]

    def able(self, pin: str) -> list[Pair]:
        """List the pairs that can be pinned so."""
        return [pair for pair in self.pairs if pin == "free" or not pair.needs_two_processors]

    def turns(self, pin: str) -> int:
        """Count the cells, each once for every pair that has it."""
        return sum(cell.name in pair.cases for cell in self.cells for pair in self.able(pin))


def measure(part: Part, pin: str, pace_now: Callable[[], Pace]) -> list[results.Row]:
    """Run all cells of one part with one pinning, all its pairs alive throughout."""
    processor = max(os.sched_getaffinity(0)) if pin == "one" else None
    rows = []
    with contextlib.ExitStack() as stack:
        running = [stack.enter_context(Running(pair, processor)) for pair in part.able(pin)]
        say(f"{pin}: starting {len(running)} pairs")
        with ThreadPoolExecutor(STARTERS) as starters:
            list(starters.map(Running.start, running))
        pace = pace_now()
        warm: set[Pair] = set()
        for cell in part.cells:
            able = [one for one in running if cell.name in one.pair.cases]
            say(f"{pin}: {cell.name}, {cell.size} bytes, {len(able)} pairs")
            for one in able:
                first = one.pair.has_jit and one.pair not in warm
                one.order(cell, pace.first_warm_up if first else pace.warm_up)
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
    parser.add_argument(
        "--only",
        action="append",
        metavar="WORDS",
        help="transports, cases, sizes, client-server; another --only is another part of the run",
    )
    parser.add_argument(
        "--peers", metavar="NAMES", help="the systems to compare with, or none; all if not given"
    )
    parser.add_argument("--pin", choices=["one", "free"], help="one of the two tables instead of both")
    parser.add_argument("--quick", action="store_true", help="short turns and little warm-up: for a glance")
    parser.add_argument("--minutes", type=float, default=60, help="how long it may measure (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there")
    parser.add_argument(
        "--costs", type=Path, metavar="FILE", help="what benchmarks/costs wrote, for the page"
    )
    parser.add_argument("--page", type=Path, metavar="FILE", help="write a page with plots there")
    parser.add_argument(
        "--note", default="", metavar="TEXT", help="what is to be said about the run on its page"
    )
    return parser.parse_args()


def parts(asked: argparse.Namespace) -> list[Part]:
    """Make what is asked for into parts."""
    peers = None if asked.peers is None else plan.words(asked.peers)
    found = []
    for only in map(plan.words, asked.only or [""]):
        plan.check(only)
        found.append(
            Part(
                plan.pairs(only, peers, quick=asked.quick),
                plan.cells(only, quick=asked.quick),
            )
        )
    return found


def pinnings(asked: argparse.Namespace) -> list[str]:
    """Tell which tables are asked for."""
    if asked.pin:
        return [asked.pin]
    return ["free"] if asked.quick else ["free", "one"]


def run(asked: argparse.Namespace, todo: list[Part], pins: list[str]) -> list[results.Row]:
    """Measure all parts with all pinnings."""
    turns = sum(part.turns(pin) for part in todo for pin in pins)
    jits = sum(pair.has_jit for part in todo for pin in pins for pair in part.able(pin))
    begin = time.monotonic()

    def pace_now() -> Pace:
        if asked.quick:
            return pace.fit(pace.QUICK_SECONDS - (time.monotonic() - begin), turns, jits, pace.QUICK_ROUNDS)
        return pace.fit(asked.minutes * 60, turns, jits, pace.ROUNDS)

    say(f"{turns} cells: about {pace_now().seconds(turns, jits) / 60:.0f} minutes of measuring")
    rows = []
    for pin in pins:
        for part in todo:
            rows += measure(part, pin, pace_now)
            if asked.json:
                # As far as it has come, should the run be ended.
                write(asked.json, json.dumps(rows, indent=1) + "\n")
    say(f"{len(rows)} rows in {time.monotonic() - begin:.0f} s")
    return rows


def main() -> int:
    """Run, print the tables, and write what is asked for."""
    asked = arguments()
    # Ends as an exception does, and so all that was started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    pins = pinnings(asked)
    try:
        todo = parts(asked)
        building.build()
        rows = run(asked, todo, pins)
    except MisusedError as refused:
        say(f"benchmarks/run: {refused}")
        return 2
    except BrokenError as broken:
        say(f"benchmarks/run: {broken}")
        return 1
    for pin in pins:
        print(results.table(rows, pin))
    if asked.page:
        costly = json.loads(asked.costs.read_text(encoding="utf-8")) if asked.costs else []
        write(asked.page, page.page(rows, costly, quick=asked.quick, note=asked.note))
    return 0


def write(path: Path, text: str) -> None:
    """Write a file, and its folder where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
