"""A running pair: starts its two processes, gives them orders, and reads what CPU time they took."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jdk
from plan import HOME, Cell, Pair, load

if TYPE_CHECKING:
    from typing_extensions import Self

START_SECONDS = 60
GRACE_SECONDS = 60
END_SECONDS = 3
LIBC = ctypes.CDLL(None)


class BrokenError(Exception):
    """A program that did not do as it was told."""


@dataclass(frozen=True)
class Sample:
    """What one order measured; perhaps no call at all, where that takes long and the time was short."""

    calls: int
    seconds: float
    p50_us: float
    p99_us: float
    mean_us: float
    cpu_us: float


class Running:
    """Two processes, on one processor or free to move; a context manager that leaves neither behind."""

    def __init__(self, pair: Pair, processor: int | None) -> None:
        """Prepare to start them, both on this processor if one is given."""
        self.pair = pair
        self._prefix = [] if processor is None else ["taskset", "-c", str(processor)]
        newest = jdk.newest() if pair.newest_jdk else None
        self._environment = {**os.environ, "JAVA_HOME": str(newest[1])} if newest else None
        self._processes: list[subprocess.Popen[str]] = []
        self._left = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Begin; nothing is started yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """End both, with time to tidy up, and remove their folder."""
        for process in reversed(self._processes):
            if process.stdin:
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.close()
            if process is not self._processes[-1]:
                process.terminate()
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()
        self._processes.clear()
        self._left.close()

    @property
    def client(self) -> subprocess.Popen[str]:
        """The calling process, which was started last."""
        return self._processes[-1]

    def start(self) -> None:
        """Start both, the server first, and wait until they are ready."""
        folder = self._left.enter_context(tempfile.TemporaryDirectory(prefix="samehost-"))
        pair = self.pair
        transport = next(entry for entry in load("transports") if entry["name"] == pair.transport)
        program = str(HOME / "program")
        serve = [program, "server", pair.server, "--system", pair.server_system]
        words = {"folder": folder, "name": "bench", "port": free_port(), "command": " ".join(serve)}
        at = transport["server"].format(**words)
        if at != "stdio:":
            self._spawn([*serve, "--address", at])
        to = transport["client"].format(**words)
        self._spawn([program, "client", pair.client, "--system", pair.client_system, "--address", to])

    def _spawn(self, command: list[str]) -> None:
        process = subprocess.Popen(
            [*self._prefix, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self._environment,
        )
        self._processes.append(process)
        line = self._line(process, START_SECONDS)
        if not line.startswith("READY"):
            message = f"{self.pair}: {' '.join(command)} said {line!r} instead of READY"
            raise BrokenError(message)

    def order(self, cell: Cell, seconds: float) -> Sample:
        """Have the client make calls for some time."""
        client = self.client
        try:
            before = self.cpu_seconds()
            if client.stdin:
                client.stdin.write(f"{cell.name} {cell.size} {max(1, round(seconds * 1000))}\n")
                client.stdin.flush()
            line = self._line(client, seconds + GRACE_SECONDS)
            spent = self.cpu_seconds() - before
            measured: dict[str, Any] = json.loads(line)
        except (OSError, ValueError) as gone:
            message = f"{self.pair}: {cell.name} of {cell.size} bytes: {gone}"
            raise BrokenError(message) from gone
        return Sample(**measured, cpu_us=spent * 1e6 / max(measured["calls"], 1))

    def cpu_seconds(self) -> float:
        """Sum the CPU time that both processes have had."""
        return sum(map(cpu_seconds, self.pids()))

    def pids(self) -> set[int]:
        """List both processes; the server over stdio is a child of the client."""
        return {process.pid for process in self._processes} | children(self.client.pid)

    def _line(self, process: subprocess.Popen[str], seconds: float) -> str:
        """Read one line, and give up on a process that says nothing."""
        if process.stdout is None:
            return ""
        ready, _, _ = select.select([process.stdout], [], [], seconds)
        line = process.stdout.readline() if ready else ""
        if not line:
            # It may be about to say why on stderr.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=1)
            message = f"{self.pair}: no answer from {process.args!r}; exit {process.poll()}"
            raise BrokenError(message)
        return line


def cpu_seconds(pid: int) -> float:
    """Read the CPU time of a process, its ended threads too: by its clock, as /proc counts in ticks."""
    clock = ctypes.c_int()
    error = LIBC.clock_getcpuclockid(pid, ctypes.byref(clock))
    if error:
        raise OSError(error, os.strerror(error), f"the CPU clock of process {pid}")
    return time.clock_gettime(clock.value)


def children(pid: int) -> set[int]:
    """List the children of a process: of a stdio client, its server."""
    found: set[int] = set()
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError):
            found.update(map(int, path.read_text(encoding="utf-8").split()))
    return found


def free_port() -> int:
    """Find a port of TCP that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
