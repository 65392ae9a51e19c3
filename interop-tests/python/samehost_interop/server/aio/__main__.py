"""The interop server on an event loop: `--address ADDRESS`, as the other one."""

from __future__ import annotations

import asyncio
import signal
import sys

import samehost.aio

from samehost_interop.server.aio.control_service import ControlService
from samehost_interop.server.aio.known_calls import KnownCalls
from samehost_interop.server.aio.test_service import TestService
from samehost_interop.server.aio.told import Told
from samehost_interop.server.running import GRACE_SECONDS, run, say_ready
from samehost_interop.stubs import control_grpc, testing_grpc


async def serve(address: str) -> None:
    """Serve until the server has stopped."""
    calls = KnownCalls()
    server = samehost.aio.server(address, interceptors=[Told(calls.known)])
    testing_grpc.add_TestServiceServicer_to_server(TestService(), server)
    control_grpc.add_ControlServiceServicer_to_server(ControlService(calls), server)
    stopping: list[asyncio.Future[None]] = []
    stop = lambda: stopping.append(asyncio.ensure_future(server.stop(GRACE_SECONDS)))  # noqa: E731
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)
    await server.start()
    say_ready(address)
    await server.wait_for_termination()
    await asyncio.gather(*stopping)


if __name__ == "__main__":
    sys.exit(run(lambda address: asyncio.run(serve(address))))
