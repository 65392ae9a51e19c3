"""Both sides write at once, from threads and on the loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from samehost_interop.blocks import block, is_intact
from samehost_interop.client.call import Ended, control_service, made_with
from samehost_interop.stubs import control
from samehost_interop.suite import unless

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from samehost_interop.client.session import Session
    from samehost_interop.client.ways import Ways
    from samehost_interop.suite import Step


def run(step: Step, session: Session, ways: Ways) -> None:
    """Write on one stream as fast as it takes it, and read beside it."""
    call = control_service(ways.of_threads).Flood(_requests(step), **made_with(step))
    received = _Received(step)
    for answer in call:
        received.take(answer)
    Ended.of(call).check(step, session)
    received.check()
    ways.loop.run(_on_loop(step, session, ways))


async def _on_loop(step: Step, session: Session, ways: Ways) -> None:
    async def requests() -> AsyncIterator[Any]:
        for request in _requests(step):
            yield request

    call = control_service(await ways.of_loop()).Flood(requests(), **made_with(step))
    received = _Received(step)
    async for answer in call:
        received.take(answer)
    (await Ended.on_loop(call)).check(step, session)
    received.check()


def _requests(step: Step) -> Iterator[Any]:
    left, seed = step.request_bytes, 0
    while left > 0:
        request = control.FloodRequest(block=block(seed, min(left, step.message_bytes)))
        if seed == 0:
            request.response_bytes = step.response_bytes
            request.message_bytes = step.message_bytes
        left -= len(request.block.body)
        seed += 1
        yield request


class _Received:
    """What has come."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._bytes = 0
        self._last: Any = control.FloodResponse()

    def take(self, answer: Any) -> None:
        """Count a message, whose bytes must be right."""
        unless(is_intact(answer.block), "a block has wrong bytes")
        self._bytes += len(answer.block.body)
        self._last = answer

    def check(self) -> None:
        """Check the whole, and what the server says of the other direction."""
        step, last = self._step, self._last
        unless(
            self._bytes == step.response_bytes,
            f"expected {step.response_bytes} bytes, but got {self._bytes}",
        )
        unless(
            last.intact and last.read_bytes == step.request_bytes,
            f"expected that {step.request_bytes} bytes arrive whole, but the server says {last}",
        )
