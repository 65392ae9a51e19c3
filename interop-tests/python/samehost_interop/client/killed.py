"""Processes that are killed in mid-call, on either side."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import grpc

from samehost_interop import TEST_KEY
from samehost_interop.client.call import control_service, made_with, status_of, test_service
from samehost_interop.client.control import describe, wait_for_end, wait_until_open
from samehost_interop.client.started import kill, wait_for_death, wait_for_sleep
from samehost_interop.client.streams import asking
from samehost_interop.client.written import Written
from samehost_interop.stubs import control
from samehost_interop.suite import Status, Step, shown, unless

if TYPE_CHECKING:
    from samehost_interop.client.session import Session
    from samehost_interop.client.ways import Ways

_PATIENCE_SECONDS = 30.0


def server_killed(step: Step, session: Session, shared: Ways) -> None:
    """Kill a server while a unary call and a stream are open: both must fail.

    So many messages as the step has `responses` are unread then, and must come before.
    """
    del shared
    victim = session.victim()
    victim.start()
    ways = session.open(victim.address)
    channel = ways.of_threads
    pid = describe(channel).pid
    key = session.name("killed")
    held = control_service(channel).Hold.future(control.HoldRequest(), **made_with(step, key))
    requests = Written()
    stream = test_service(channel).FullDuplexCall(requests, **made_with(step))
    unread = step.responses or ()
    requests.write(asking([10, *unread]))
    next(stream)
    wait_until_open(channel, key)
    if unread:
        describe(channel)  # which the server hears after the stream's request
        wait_for_sleep(pid)
    kill(pid)
    for status in (status_of(held), _failed_behind(stream, unread)):
        step.expect.check(status)
        step.expect.check_fault(status, session.transport, victim.address, session.catalogue)
    requests.end()
    ways.close()


def _failed_behind(stream: Any, unread: tuple[int, ...]) -> Status:
    """Give the status of a stream, which these messages must come before."""
    got: list[int] = []
    with contextlib.suppress(grpc.RpcError):
        got.extend(len(answer.payload.body) for answer in stream)
    unless(got == list(unread), f"expected the messages {list(unread)}, but got {got}")
    return status_of(stream)


def server_back(step: Step, session: Session, shared: Ways) -> None:
    """Kill a server, and start another in its place: a call that waits reaches it.

    A call that was made before this side could know of the death may fail by it: one, no more.
    """
    del step, shared
    victim = session.victim()
    victim.start()
    ways = session.open(victim.address)
    first = describe(ways.of_threads).pid
    kill(first)
    wait_for_death(first)  # until then the address is its own
    victim.start()
    try:
        second = _describe_patiently(ways.of_threads)
    except grpc.RpcError as error:
        status = status_of(error)
        unless(status.code is grpc.StatusCode.UNAVAILABLE, shown(status))
        second = _describe_patiently(ways.of_threads)
    unless(first != second, "the server that was killed still answers")
    ways.close()


def _describe_patiently(channel: grpc.Channel) -> int:
    stub = control_service(channel)
    request = control.DescribeRequest()
    return int(stub.Describe(request, timeout=_PATIENCE_SECONDS, wait_for_ready=True).pid)


def client_killed(step: Step, session: Session, ways: Ways) -> None:
    """Kill another client program while a call of it is open: its server must see the call cancelled."""
    if session.spawns:
        host_killed(step, session)
    else:
        key, _ = _kill_holding_client(step, session)
        wait_for_end(ways.of_threads, key, "CANCELLED")


def host_killed(step: Step, session: Session) -> None:
    """Kill another client program while a call to its child is open: the child must end."""
    _, server_pid = _kill_holding_client(step, session)
    wait_for_death(server_pid)


def _kill_holding_client(step: Step, session: Session) -> tuple[str, int]:
    key = session.name("client")
    words = ["--address", session.address_of(step), "--server", session.server_language, "--hold", key]
    client = session.program(session.suite.path("client"), session.language, *words)
    server_pid = int(client.wait_for_line("HOLDING"))
    client.kill()
    return key, server_pid


def hold(session: Session, key: str) -> None:
    """Do what a client does that another one is going to kill: open a call, say so, and wait."""
    channel = session.ways().of_threads
    held = control_service(channel).Hold.future(control.HoldRequest(), metadata=[(TEST_KEY, key)])
    wait_until_open(channel, key)
    print(f"HOLDING {describe(channel).pid}", flush=True)
    held.result()
