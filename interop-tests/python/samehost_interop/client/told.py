"""What the server knows of a call: its deadline, and who makes it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from samehost_interop.client.call import control_service, made_with
from samehost_interop.client.control import describe
from samehost_interop.stubs import control
from samehost_interop.suite import unless

if TYPE_CHECKING:
    from samehost_interop.client.session import Session
    from samehost_interop.client.ways import Ways
    from samehost_interop.suite import Step

# How much of a deadline may be gone by then on a busy machine.
_SLACK_MILLIS = 20_000
_NANOS = 1_000_000


def deadline(step: Step, session: Session, ways: Ways) -> None:
    """Have the server's handler see what is left of `deadline_ms`, or no deadline."""
    del session
    expected = step.deadline_ms
    stub = control_service(ways.of_threads)
    described = stub.Describe(control.DescribeRequest(), **({} if expected is None else made_with(step)))
    seen = described.deadline_nanos / _NANOS if described.HasField("deadline_nanos") else None
    if expected is None or seen is None:
        right = expected is seen
    else:
        right = expected - _SLACK_MILLIS < seen <= expected
    unless(right, f"of the deadline of {expected} ms the handler saw {seen}")


def peer(step: Step, session: Session, ways: Ways) -> None:
    """Have the server see this process and its user, as far as `sees` says of the transport."""
    described = describe(ways.of_threads)
    right = {
        "pid": described.HasField("peer_pid") and described.peer_pid == os.getpid(),
        "uid": described.HasField("peer_uid") and described.peer_uid == os.getuid(),
    }
    for what in step.sees.get(session.transport, []):
        unless(right[what], f"expected our {what}, but the server saw {described}")
    address = described.peer_address
    unless(address.startswith(f"{session.transport}:"), f"the server saw the address {address}")
