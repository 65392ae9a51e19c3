"""The client of the benchmarks in Python: takes orders on standard input and answers with what it measured.

An order is a line, ``CASE SIZE MILLISECONDS``; the answer is a line of JSON.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from array import array
from typing import TYPE_CHECKING

import systems

if TYPE_CHECKING:
    from collections.abc import Callable

PACE_NANOS = 1_000_000
THREADS = 8
SMALL = 64
STREAM_BYTES = 64 << 20


def one_after_the_other(echo: systems.Echo, size: int, end: int) -> array[int]:
    """Make one call after the other."""
    times = array("q")
    before = time.perf_counter_ns()
    while before < end:
        echo.unary(size)
        after = time.perf_counter_ns()
        times.append(after - before)
        before = after
    return times


def paced(echo: systems.Echo, size: int, end: int) -> array[int]:
    """Make a call each millisecond, whether the one before was quick or not.

    A call that could not begin when it was due, as the one before had not ended, is measured from when it was
    due; where the clock alone woke this thread late, from then.
    """
    times = array("q")
    due = time.perf_counter_ns()
    while due < end:
        start = due
        while (now := time.perf_counter_ns()) < due:
            time.sleep((due - now) / 1e9)
            start = max(due, time.perf_counter_ns())
        echo.unary(size)
        times.append(time.perf_counter_ns() - start)
        due += PACE_NANOS
    return times


def in_flight(echo: systems.Echo, size: int, end: int, most: int) -> array[int]:
    """Keep so many calls in flight from this thread."""
    times = array("q")
    free = threading.Semaphore(most)
    failures: list[BaseException] = []

    def start() -> None:
        before = time.perf_counter_ns()

        def ended(failure: BaseException | None) -> None:
            times.append(time.perf_counter_ns() - before)
            if failure is not None:
                failures.append(failure)
            free.release()

        echo.start(size, ended)

    while time.perf_counter_ns() < end and not failures:
        free.acquire()
        start()
    for _ in range(most):
        free.acquire()
    if failures:
        raise failures[0]
    return times


def together(work: Callable[[], array[int]]) -> array[int]:
    """Do the same in eight threads."""
    found: list[array[int]] = []
    threads = [threading.Thread(target=lambda: found.append(work())) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(found) != THREADS:
        message = "a thread failed"
        raise RuntimeError(message)
    return sum(found, array("q"))


def streams(echo: systems.Echo, size: int, end: int) -> array[int]:
    """Read streams; a message is a call here, and its time that since the message before."""
    times = array("q")
    before = time.perf_counter_ns()
    while before < end:
        for _ in echo.stream(size, max(1, STREAM_BYTES // size)):
            after = time.perf_counter_ns()
            times.append(after - before)
            before = after
    return times


class Connections:
    """More connections than the one that is measured; they stay."""

    def __init__(self, connect: Callable[[], systems.Echo]) -> None:
        """Begin with none."""
        self._connect = connect
        self._made: list[systems.Echo] = []

    def make(self, count: int) -> array[int]:
        """Make so many, each timed from its beginning to its first answer."""
        times = array("q")
        for _ in range(count):
            before = time.perf_counter_ns()
            echo = self._connect()
            echo.unary(SMALL)
            times.append(time.perf_counter_ns() - before)
            self._made.append(echo)
        return times


def run(echo: systems.Echo, more: Connections, case: str, size: int, millis: int) -> str:
    """Measure one case for so long."""
    begin = time.perf_counter_ns()
    end = begin + millis * 1_000_000
    cases = {
        "unary": lambda: one_after_the_other(echo, size, end),
        "unary-paced": lambda: paced(echo, size, end),
        "unary-8": lambda: in_flight(echo, size, end, 8),
        "unary-64": lambda: in_flight(echo, size, end, 64),
        "unary-8-threads": lambda: together(lambda: one_after_the_other(echo, size, end)),
        "unary-64-threads": lambda: together(lambda: in_flight(echo, size, end, 8)),
        "connect": lambda: more.make(size),
        "stream": lambda: streams(echo, size, end),
    }
    times = sorted(cases[case]())
    calls = len(times)
    return json.dumps(
        {
            "calls": calls,
            "seconds": (time.perf_counter_ns() - begin) / 1e9,
            "p50_us": times[calls // 2] / 1e3 if calls else 0,
            "p99_us": times[calls * 99 // 100] / 1e3 if calls else 0,
            "mean_us": sum(times) / calls / 1e3 if calls else 0,
        }
    )


def main() -> None:
    """Run until there are no more orders."""
    _, _, system, _, address = sys.argv
    more = Connections(lambda: systems.connect(system, address))
    echo = systems.connect(system, address)
    print("READY", flush=True)
    for order in sys.stdin:
        case, size, millis = order.split()
        print(run(echo, more, case, int(size), int(millis)), flush=True)


if __name__ == "__main__":
    main()
