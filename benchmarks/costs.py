"""What connections cost: the time to the first answer, memory, and processor time while nothing is called."""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import building
import plan
from plan import Cell, MisusedError, Pair
from running import BrokenError, Running

if TYPE_CHECKING:
    from collections.abc import Iterable

Cost = dict[str, Any]

# Connections whose first answer is timed; over stdio each is a child of its own.
FIRST, CHILDREN = 50, 10
IDLE = 100
MANY = 1000
# So many are made by one order.
SOME = 50
IDLE_SECONDS = 10.0
SETTLE_SECONDS = 2.0
# A pipe has no second connection to the same server, so only its first answers are measured.
ALONE = ("stdio",)


def measure(pairs: Iterable[Pair]) -> list[Cost]:
    """Measure each pair that can make more connections than one; the idle time of all at once."""
    with contextlib.ExitStack() as stack:
        costs = [cost for pair in pairs if (cost := measured(stack.enter_context(Running(pair, None))))]
        several = [cost for cost in costs if cost["transport"] not in ALONE]
        idle(several, "cpu_ms_idle_1")
        several = [cost for cost in several if more(cost, IDLE - 1)]
        idle(several, f"cpu_ms_idle_{IDLE}")
        for cost in several:
            memory(cost)
        for cost in costs:
            del cost["running"]
    return costs


def measured(running: Running) -> Cost | None:
    """Start a pair, and time the first answers: of the process's first connection, and of later ones.

    One that fails is left out.
    """
    pair = running.pair
    try:
        running.start()
        first = connect(running, 1)
        later = connect(running, CHILDREN if pair.transport in ALONE else FIRST)
    except BrokenError as broken:
        print(f"left out: {broken}", file=sys.stderr)
        return None
    return {
        "system": pair.system,
        "variant": pair.variant,
        "transport": pair.transport,
        "client": pair.client,
        "server": pair.server,
        "first_answer_ms_cold": round(first / 1e3, 3),
        "first_answer_ms": round(later / 1e3, 3),
        "running": running,
    }


def connect(running: Running, count: int) -> float:
    """Have the client make so many connections; answer the median of their first answers in microseconds."""
    return running.order(Cell("connect", count, "connect", 1, 0, 1), 0).p50_us


def more(cost: Cost, count: int) -> bool:
    """Have the client make so many more connections, some at a time; tell whether it could."""
    try:
        for begun in range(0, count, SOME):
            connect(cost["running"], min(SOME, count - begun))
    except BrokenError as broken:
        print(f"left out: {broken}", file=sys.stderr)
        return False
    return True


def idle(costs: list[Cost], key: str) -> None:
    """Note how many milliseconds of processor time each pair takes while nothing is called."""
    time.sleep(SETTLE_SECONDS)
    before = [cost["running"].cpu_seconds() for cost in costs]
    time.sleep(IDLE_SECONDS)
    for cost, begin in zip(costs, before):
        cost[key] = round((cost["running"].cpu_seconds() - begin) * 1e3, 1)


def memory(cost: Cost) -> None:
    """Note how the memory of both processes grows with a connection, the rings of shared memory apart."""
    before = in_use(cost["running"])
    if not more(cost, MANY):
        return
    time.sleep(SETTLE_SECONDS)
    after = in_use(cost["running"])
    grown = [sum(each) for each in zip(*after)]
    was = [sum(each) for each in zip(*before)]
    cost["pss_kib_per_connection"], cost["rings_kib_per_connection"] = (
        round((now - then) / MANY, 1) for now, then in zip(grown, was)
    )


def in_use(running: Running) -> list[tuple[int, int]]:
    """Sum what each process has in use; a JVM gives back what it has collected a moment later."""
    pids = sorted(running.pids())
    for pid in pids:
        collect(pid)
    time.sleep(SETTLE_SECONDS)
    return [proportional(pid) for pid in pids]


def proportional(pid: int) -> tuple[int, int]:
    """Sum a process's proportional share of memory in KiB: all but the rings, and the rings."""
    others = rings = 0
    ring = False
    for line in Path(f"/proc/{pid}/smaps").read_text(encoding="utf-8", errors="replace").splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            ring = "/memfd:" in line
        elif line.startswith("Pss:"):
            size = int(line.split()[1])
            rings, others = (rings + size, others) if ring else (rings, others + size)
    return others, rings


def collect(pid: int) -> None:
    """Have a JVM collect its garbage, so that what is counted is in use."""
    if Path(f"/proc/{pid}/exe").resolve().name == "java":
        jcmd = Path(f"/proc/{pid}/exe").resolve().parent / "jcmd"
        subprocess.run([jcmd, str(pid), "GC.run"], stdout=subprocess.DEVNULL, check=False)


# Each column: its title, its key, and its width in a text.
COLUMNS = (
    ("first answer, cold ms", "first_answer_ms_cold", 24),
    ("first answer, warm ms", "first_answer_ms", 24),
    ("KiB a connection", "pss_kib_per_connection", 20),
    ("and its rings", "rings_kib_per_connection", 16),
    ("CPU ms idle, 1", "cpu_ms_idle_1", 18),
    (f"and {IDLE} connections", f"cpu_ms_idle_{IDLE}", 20),
)
NAME_WIDTH = 44


def table(costs: list[Cost]) -> str:
    """Write them as text."""
    lines = ["", f"== what connections cost; idle for {IDLE_SECONDS:.0f} s", ""]
    lines.append(" " * NAME_WIDTH + "".join(title.rjust(width) for title, _, width in COLUMNS))
    for cost in costs:
        name = f"  {cost['system']} {cost['variant']} {cost['transport']} {cost['client']}-{cost['server']}"
        shown = "".join(str(cost.get(key, "")).rjust(width) for _, key, width in COLUMNS)
        lines.append(re.sub(" +", " ", name).ljust(NAME_WIDTH) + shown)
    return "\n".join(lines)


def main() -> int:
    """Measure, print the table, and write what is asked for."""
    parser = argparse.ArgumentParser(prog="benchmarks/costs", description=__doc__)
    parser.add_argument("--only", default="", metavar="WORDS", help="transports, client-server")
    parser.add_argument(
        "--peers", metavar="NAMES", help="the systems to compare with, or none; all if not given"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write them there")
    asked = parser.parse_args()
    only, peers = plan.words(asked.only), None if asked.peers is None else plan.words(asked.peers)
    try:
        plan.check(only)
        pairs = [pair for pair in plan.pairs(only, peers, quick=False) if "connect" in pair.cases]
        building.build()
        costs = measure(pairs)
    except (MisusedError, BrokenError) as failed:
        print(f"benchmarks/costs: {failed}", file=sys.stderr)
        return 2 if isinstance(failed, MisusedError) else 1
    print(table(costs))
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(costs, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
