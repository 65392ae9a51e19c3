"""Runs cases one after the other, each within a limit of time, and prints a line for each."""

from __future__ import annotations

import queue
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING

from samehost_interop.client import (
    call_back,
    cancel,
    compressed,
    control,
    duplex,
    faulty,
    flooding,
    killed,
    streams,
    told,
    unary,
    unread,
)
from samehost_interop.suite import Case, Mismatch, Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from samehost_interop.client.session import Session
    from samehost_interop.client.ways import Ways

_LIMIT_SECONDS = 90
_FRAMES = 12

# The kinds of steps, by the names that the suites use.
_KINDS: dict[str, Callable[[Step, Session, Ways], None]] = {
    "unary": unary.run,
    "client_stream": streams.client_stream,
    "server_stream": streams.server_stream,
    "compressed": compressed.run,
    "duplex": duplex.run,
    "cancel": cancel.cancel,
    "hold": cancel.hold,
    "deadline_seen": told.deadline,
    "peer_seen": told.peer,
    "unread": unread.run,
    "flood": flooding.run,
    "call_back": call_back.run,
    "server_killed": killed.server_killed,
    "server_back": killed.server_back,
    "client_killed": killed.client_killed,
}
# Those whose address is their own: they do not concern the server of the session.
_ALONE: dict[str, Callable[[Step, Session], None]] = {
    "client_killed": killed.host_killed,
    "fault": faulty.run,
}


class Runner:
    """Runs them, and counts."""

    def __init__(self, session: Session) -> None:
        """Run them in this session."""
        self._session = session
        self._gaps = session.suite.gaps()
        self._passed = self._failed = self._listed = 0

    def run(self, case: Case) -> None:
        """Run one case and print how it went."""
        session = self._session
        missing = next((need for need in case.needs if not session.has(need)), None)
        if missing is not None:
            _print(f"skipped {case.name}: it needs {missing}")
            return
        begin = time.monotonic()
        failure = self._failure_of(case)
        millis = (time.monotonic() - begin) * 1000
        gap = next(
            (
                known
                for known in self._gaps
                if known.covers(case.name, session.language, session.server_language, session.transport)
            ),
            None,
        )
        if failure and gap:
            self._listed += 1
            _print(f"gap {case.name}: {gap.why}")
        elif gap:
            self._failed += 1
            _print(f"FAILED {case.name}: it is listed as a gap, but works; take it off gaps.json")
        elif failure:
            self._failed += 1
            _print(f"FAILED {case.name}: {failure}")
            session.discard_ways()
        else:
            self._passed += 1
            _print(f"ok {case.name} {millis:.0f} ms")
        for text in session.take_said():
            _print(f"    {text}")

    def finish(self) -> bool:
        """Say how many passed; the answer is whether all did."""
        try:
            self._session.close()
        except Exception as error:  # noqa: BLE001 whatever it is, it is said
            self._failed += 1
            _print(f"FAILED close: {error!r}")
        _print(f"{self._passed} passed, {self._failed} failed, {self._listed} gaps")
        return self._failed == 0

    def _failure_of(self, case: Case) -> str | None:
        """Run it on a thread of its own, for what hangs; nothing when it has passed."""
        ended: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        thread = threading.Thread(target=lambda: ended.put(self._tried(case)), name=case.name, daemon=True)
        thread.start()
        try:
            return ended.get(timeout=_LIMIT_SECONDS)
        except queue.Empty:
            frame = sys._current_frames().get(thread.ident or 0)  # noqa: SLF001 there is no other way
            stack = traceback.extract_stack(frame) if frame else traceback.StackSummary()
            return f"not done within {_LIMIT_SECONDS} s, it is at {_places(stack)}"

    def _tried(self, case: Case) -> str | None:
        try:
            self._steps(case)
        except Mismatch as error:
            return str(error)
        except BaseException as error:  # noqa: BLE001 whatever it is, the case has failed by it
            return f"{error!r} at {_places(traceback.extract_tb(error.__traceback__))}"
        return None

    def _steps(self, case: Case) -> None:
        session = self._session
        if all(step.address is not None for step in case.steps):
            for step in case.steps:
                _ALONE[step.kind](step, session)
            return
        for step in case.steps:
            if step.channel is None:
                _KINDS[step.kind](step, session, session.ways())
                continue
            own = session.open(session.address, step.channel)
            _KINDS[step.kind](step, session, own)
            control.check_health(own)
            own.close()
        control.check_health(session.ways())


def _places(stack: traceback.StackSummary) -> str:
    return ", ".join(f"{frame.name} ({frame.filename}:{frame.lineno})" for frame in list(stack)[-_FRAMES:])


def _print(line: str) -> None:
    print(line.replace("\r", "\\r").replace("\n", "\\n"), flush=True)
