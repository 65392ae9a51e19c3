"""Programs that this one has started, and processes that it only knows the id of."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

from samehost_interop.suite import Mismatch, unless

_PATIENCE_SECONDS = 30
# Where the number of threads stands behind the state.
_THREADS = 16
_PAUSE_SECONDS = 0.02
_LOOKS = 10


class Started:
    """A program that this one has started: its lines of standard output, and its end."""

    def __init__(self, *command: str) -> None:
        """Start a command; its stderr is this program's."""
        self._command = " ".join(command)
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def wait_for_line(self, word: str) -> str:
        """Wait for the first line, which begins with this word; answers what stands behind it."""
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line.startswith(f"{word} "):
            self.kill()
            message = f"{self._command}: expected {word}, but it printed {line!r}"
            raise Mismatch(message)
        return line[len(word) + 1 :].strip()

    def kill(self) -> None:
        """Kill it and wait until it is gone. May be repeated."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()


def kill(pid: int) -> None:
    """Do what `kill -9` does."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def runs(pid: int) -> bool:
    """Tell whether a process runs, or a thread of it; one that is dead and not yet collected does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    state, *numbers = stat.rpartition(")")[2].split()
    return state != "Z" or int(numbers[_THREADS]) > 1


def wait_for_sleep(pid: int) -> None:
    """Wait until each thread sleeps, at several looks in a row: the process has done what it does at once."""
    end = time.monotonic() + _PATIENCE_SECONDS
    asleep = 0
    while asleep < _LOOKS:
        unless(time.monotonic() < end, f"the process {pid} does not come to rest")
        time.sleep(_PAUSE_SECONDS)
        asleep = asleep + 1 if _sleeps(pid) else 0


def _sleeps(pid: int) -> bool:
    try:
        threads = [
            (thread / "stat").read_text(encoding="utf-8", errors="replace")
            for thread in Path(f"/proc/{pid}/task").iterdir()
        ]
    except OSError:
        return False  # one has ended while it was looked at
    return all(stat.rpartition(")")[2].startswith(" S ") for stat in threads)


def wait_for_death(pid: int) -> None:
    """Look again and again, as a process that is not our child cannot be waited for."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while runs(pid):
        if time.monotonic() > end:
            kill(pid)
            message = f"the process {pid} still ran, and had to be killed"
            raise Mismatch(message)
        time.sleep(_PAUSE_SECONDS)
