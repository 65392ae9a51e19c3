"""Measures a group, all its pairs alive; one that fails is left out, and the others go on."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pace
import results
from running import BrokenError, Running, Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pace import Pace
    from plan import Cell, Group, Pair

# So many pairs are started at a time: a JVM's start keeps a processor busy.
STARTERS = 2 * (os.cpu_count() or 1)

# Of each slice of a warm-up, the part for which nothing runs but what a JIT has to compile.
QUIET = 0.2


def say(text: str) -> None:
    """Tell people how far it is; the tables alone go to standard output."""
    print(text, file=sys.stderr, flush=True)


class Measuring:
    """One group with one pinning."""

    def __init__(self, group: Group, pin: str) -> None:
        """Prepare; nothing runs yet."""
        self.group = group
        self.pin = pin
        self.faults: list[str] = []
        self._running: dict[Pair, Running] = {}
        # Which paths each pair has gone.
        self._warm: set[tuple[Pair, str]] = set()

    def run(self, pace_now: Callable[[], Pace]) -> list[results.Row]:
        """Start all pairs, measure each cell, and end them."""
        processor = max(os.sched_getaffinity(0)) if self.pin == "one" else None
        with contextlib.ExitStack() as stack:
            for pair in self.group.pairs():
                self._running[pair] = stack.enter_context(Running(pair, processor))
            say(f"{self.group}, {self.pin}: starting {len(self._running)} pairs")
            with ThreadPoolExecutor(STARTERS) as starters:
                list(starters.map(self._start, list(self._running)))
            now = pace_now()
            rows = []
            for cell, pairs in self.group.cells.items():
                rows += self._cell(cell, pairs, now)
        return rows

    def _start(self, pair: Pair) -> None:
        with self._or_without(pair):
            self._running[pair].start()

    def _cell(self, cell: Cell, pairs: list[Pair], now: Pace) -> list[results.Row]:
        say(f"{self.group}, {self.pin}: {cell.name}, {cell.size} bytes, {len(self._alive(pairs))} pairs")
        self._warm_up(cell, pairs, now)
        samples: dict[Pair, list[Sample]] = {pair: [] for pair in pairs}
        for _ in range(now.rounds):
            for pair in self._alive(pairs):
                with self._or_without(pair):
                    sample = self._running[pair].order(cell, now.turn * cell.weight)
                    samples[pair] += [sample] if sample.calls else []
        for pair in self._alive(pairs):
            with self._or_without(pair):
                if not samples[pair]:
                    message = f"{pair}: no call of {cell.name} of {cell.size} bytes ended in time"
                    raise BrokenError(message)
        return [results.row(pair, self.group, cell, self.pin, samples[pair]) for pair in self._alive(pairs)]

    def _warm_up(self, cell: Cell, pairs: list[Pair], now: Pace) -> None:
        """Warm up by turns, with time for what a JIT has to compile; each until it is steady."""
        most = {pair: self._longest(pair, cell, now) for pair in self._alive(pairs)}
        times: dict[Pair, list[float]] = {pair: [] for pair in most}
        for _ in range(pace.SLICES):
            for pair in self._alive(list(most)):
                if pace.is_steady(times[pair]):
                    continue
                with self._or_without(pair):
                    sample = self._running[pair].order(cell, most[pair] / pace.SLICES)
                    times[pair].append(sample.seconds / max(sample.calls, 1))
                    time.sleep(QUIET * sample.seconds if pair.has_jit else 0)
        self._warm.update((pair, cell.path) for pair in most)

    def _longest(self, pair: Pair, cell: Cell, now: Pace) -> float:
        return now.first_warm_up if pair.has_jit and (pair, cell.path) not in self._warm else now.warm_up

    def _alive(self, pairs: list[Pair]) -> list[Pair]:
        return [pair for pair in pairs if pair in self._running]

    @contextlib.contextmanager
    def _or_without(self, pair: Pair) -> Iterator[None]:
        try:
            yield
        except BrokenError as broken:
            del self._running[pair]
            self.faults.append(str(broken))
            say(f"left out: {broken}")
