"""The interop server on an event loop: `--address ADDRESS`, as the other one."""

from __future__ import annotations

import asyncio
import signal
import sys

import samehost.aio

from samehost_interop import secret
from samehost_interop.server.aio.services import Services
from samehost_interop.server.running import GRACE_SECONDS, run, say_ready


async def serve(address: str) -> None:
    """Serve until the server has stopped."""
    services = Services()
    credentials = secret.of_server(address)
    server = samehost.aio.server(address, interceptors=services.interceptors, credentials=credentials)
    services.add_to(server)
    stopping: list[asyncio.Future[None]] = []
    stop = lambda: stopping.append(asyncio.ensure_future(server.stop(GRACE_SECONDS)))  # noqa: E731
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)
    await server.start()
    say_ready(address)
    await server.wait_for_termination()
    await asyncio.gather(*stopping)


if __name__ == "__main__":
    sys.exit(run(lambda address: asyncio.run(serve(address))))
