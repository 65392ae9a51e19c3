"""Calls to addresses behind which something is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc

from samehost_interop.client import descriptors
from samehost_interop.client.call import PATIENCE_SECONDS, status_of, test_service
from samehost_interop.client.started import wait_for_death
from samehost_interop.stubs import Empty
from samehost_interop.suite import Status, Step, shown

if TYPE_CHECKING:
    from samehost_interop.client.session import Session
    from samehost_interop.client.ways import Ways


def run(step: Step, session: Session) -> None:
    """Call an `address` behind which is nothing, a `peer` that misbehaves, or a child that does.

    The call must end as expected, on either surface, and leave neither a process nor a descriptor behind.
    """
    socket, pid_file = session.folder / "peer", session.folder / "pid"
    for on_loop in (False, True):
        address = session.address_of(step)
        listener = None
        if step.peer is not None:
            words = (session.suite.path("peers/peer.py"), step.peer, "--socket", str(socket))
            listener = session.program("python3", *words)
            listener.wait_for_line("READY")
        before = descriptors.count()
        try:
            status = _call(step, session, address, on_loop=on_loop)
            descriptors.wait_for_at_most(before)
        finally:
            if listener is not None:
                listener.kill()
            socket.unlink(missing_ok=True)
        if not on_loop:
            session.say(shown(status))
        step.expect.check(status)
        step.expect.check_fault(status, "*", address, session.catalogue)
        if pid_file.exists():
            pid = int(pid_file.read_text(encoding="utf-8"))
            pid_file.unlink()
            wait_for_death(pid)


def _call(step: Step, session: Session, address: str, *, on_loop: bool) -> Status:
    """Make one call on a channel of its own."""
    try:
        ways = session.make(address, step.channel)
    except ValueError as error:
        return Status(grpc.StatusCode.INVALID_ARGUMENT, str(error))
    try:
        if on_loop:
            ways.loop.run(_on_loop(ways))
        else:
            test_service(ways.of_threads).EmptyCall(Empty(), timeout=PATIENCE_SECONDS)
    except grpc.RpcError as error:
        return status_of(error)
    finally:
        ways.close()
    return Status()


async def _on_loop(ways: Ways) -> None:
    await test_service(await ways.of_loop()).EmptyCall(Empty(), timeout=PATIENCE_SECONDS)
