"""The benchmarks' driver: measures every cell alternately with its peers, and prints the tables."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import building
import goals
import pace
import page
import plan
import results
from measuring import Measuring, say
from pace import Load, Pace
from plan import Group, MisusedError
from running import BrokenError

TERMINATED = 143


@dataclass(frozen=True)
class Part:
    """A group, and how it is pinned."""

    group: Group
    pin: str


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
    parser.add_argument("--goals", action="store_true", help="what the goals speak of, and nothing else")
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
    asked = parser.parse_args()
    if asked.goals and (asked.only or asked.peers):
        parser.error("--goals chooses by itself; without --only and --peers")
    return asked


def pinnings(asked: argparse.Namespace) -> list[str]:
    """Tell which tables are asked for."""
    if asked.pin:
        return [asked.pin]
    return ["free"] if asked.quick else ["free", "one"]


def parts(asked: argparse.Namespace) -> list[Part]:
    """Make what is asked for into parts."""
    if asked.goals:
        found = [(pin, goals.groups(pin)) for pin in pinnings(asked)]
    else:
        peers = None if asked.peers is None else plan.words(asked.peers)
        chosen = []
        for only in map(plan.words, asked.only or [""]):
            plan.check(only)
            chosen += plan.groups(only, peers, quick=asked.quick)
        found = [(pin, chosen) for pin in pinnings(asked)]
    every = [Part(group.pinned(pin), pin) for pin, chosen in found for group in chosen]
    return [part for part in every if part.group.cells]


def run(asked: argparse.Namespace, todo: list[Part]) -> tuple[list[results.Row], list[str]]:
    """Measure all parts; answer the rows, and what failed."""
    begin = time.monotonic()
    seconds = pace.QUICK_SECONDS if asked.quick else asked.minutes * 60
    rows: list[results.Row] = []
    faults: list[str] = []
    for at, part in enumerate(todo):

        def pace_now(left: list[Part] = todo[at:]) -> Pace:
            loads = [Load.of(one.group) for one in left]
            share = loads[0].least_seconds() / sum(load.least_seconds() for load in loads)
            now = (seconds - (time.monotonic() - begin)) * share
            return pace.fit(now, loads[0], pace.QUICK_ROUNDS if asked.quick else pace.ROUNDS)

        measuring = Measuring(part.group, part.pin)
        rows += measuring.run(pace_now)
        faults += measuring.faults
        if asked.json:
            # As far as it has come, should the run be ended.
            write(asked.json, json.dumps(rows, indent=1) + "\n")
    say(f"{len(rows)} rows in {time.monotonic() - begin:.0f} s")
    return rows, faults


def main() -> int:
    """Run, print the tables, and write what is asked for."""
    asked = arguments()
    # Ends as an exception does, and so all that was started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        todo = parts(asked)
        building.build()
    except MisusedError as refused:
        say(f"benchmarks/run: {refused}")
        return 2
    except BrokenError as broken:
        say(f"benchmarks/run: {broken}")
        return 1
    rows, faults = run(asked, todo)
    costly = json.loads(asked.costs.read_text(encoding="utf-8")) if asked.costs else []
    for pin in dict.fromkeys(part.pin for part in todo):
        print(results.table(rows, pin))
    print(goals.table(rows, costly))
    if asked.page:
        write(asked.page, page.page(rows, costly, quick=asked.quick, note=asked.note))
    for fault in faults:
        say(f"left out: {fault}")
    return 1 if faults else 0


def write(path: Path, text: str) -> None:
    """Write a file, and its folder where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
