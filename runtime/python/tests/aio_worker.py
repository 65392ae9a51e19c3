"""A child that serves the tests' service from a loop: `python -m samehost.child aio_worker.py`."""

from __future__ import annotations

import asyncio

import samehost.aio
from aio_echo import Echo
from stubs import echo_pb2_grpc


async def main() -> None:
    """Serve until the host has gone."""
    server = samehost.aio.server("stdio:")
    echo_pb2_grpc.add_EchoServicer_to_server(Echo(), server)
    await server.start()
    await server.wait_for_termination()


asyncio.run(main())
