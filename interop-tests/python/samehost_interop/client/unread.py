"""Streams that nobody reads, for a while."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from samehost_interop.blocks import block
from samehost_interop.client.call import PATIENCE_SECONDS, Ended, control_service, made_with, test_service
from samehost_interop.client.control import echo, release
from samehost_interop.client.streams import asking
from samehost_interop.suite import Mismatch, unless

if TYPE_CHECKING:
    from collections.abc import Iterator

    from samehost_interop.client.session import Session
    from samehost_interop.client.ways import Ways
    from samehost_interop.suite import Step

# A stream that takes no message for so long is taken to be stalled. Were it not, less would be shown, but
# nothing would fail.
_STALLED_SECONDS = 0.3


def run(step: Step, session: Session, ways: Ways) -> None:
    """Leave a stream of `bytes` unread on one `side`, while `count` calls go on beside it; then read it."""
    if step.side == "client":
        _by_client(step, session, ways)
    else:
        _by_server(step, session, ways)


def _by_client(step: Step, session: Session, ways: Ways) -> None:
    messages = step.bytes // step.message_bytes
    request = asking([step.message_bytes] * messages)
    call = test_service(ways.of_threads).StreamingOutputCall(request, **made_with(step))
    call.initial_metadata()
    echo(ways.of_threads, step.count, step.request(0))
    sizes = [len(answer.payload.body) for answer in call]
    Ended.of(call).check(step, session)
    unless(sizes == [step.message_bytes] * messages, f"expected {messages} messages, but got {len(sizes)}")


def _by_server(step: Step, session: Session, ways: Ways) -> None:
    key = session.name("unread")
    blocks = _Blocks(step)
    stub = control_service(ways.of_threads)
    call = stub.Unread.future(iter(blocks), **made_with(step, key))
    blocks.wait_until_stalled()
    echo(ways.of_threads, step.count, step.request(0))
    release(ways.of_threads, key)
    Ended.of(call).check(step, session)
    answer = call.result()
    unless(
        answer.messages == blocks.taken and answer.bytes == step.bytes,
        f"expected {step.bytes} bytes to arrive, but the server got {answer}",
    )


class _Blocks:
    """The blocks of a stream, and whether they are still taken."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._lock = threading.Lock()
        self._last = time.monotonic()
        self.taken = 0

    def __iter__(self) -> Iterator[Any]:
        left = self._step.bytes
        while left > 0:
            size = min(left, self._step.message_bytes)
            left -= size
            with self._lock:
                self._last = time.monotonic()
                self.taken += 1
            yield block(self.taken - 1, size)

    def wait_until_stalled(self) -> None:
        """Wait until none was taken for a while; fail where all were."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            with self._lock:
                if self.taken * self._step.message_bytes >= self._step.bytes:
                    break
                if self.taken and time.monotonic() - self._last > _STALLED_SECONDS:
                    return
            time.sleep(_STALLED_SECONDS / 10)
        message = "the stream took all that nobody read"
        raise Mismatch(message)
