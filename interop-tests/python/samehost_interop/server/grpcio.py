"""The interop server of gRPC as it is without samehost: `--address ADDRESS`, as the other one."""

from __future__ import annotations

import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc

from samehost_interop import grpcio, secret
from samehost_interop.server.running import GRACE_SECONDS, run, say_ready
from samehost_interop.server.services import Services

# As many as the cases have calls open that wait.
_THREADS = 64


def serve(address: str) -> None:
    """Serve until the server has stopped."""
    # gRPC's own server would compress for clients that do not take that, too.
    services = Services(compresses=False)
    pool = ThreadPoolExecutor(_THREADS)
    server = grpc.server(pool, interceptors=list(services.interceptors), options=grpcio.options())
    services.add_to(server)
    credentials = secret.of_stock_server(address)
    if credentials:
        server.add_secure_port(grpcio.target(address), credentials)
    else:
        server.add_insecure_port(grpcio.target(address))
    signal.signal(signal.SIGTERM, lambda *_: server.stop(GRACE_SECONDS))
    server.start()
    say_ready(address)
    server.wait_for_termination()
    if address.startswith("unix:"):
        # Unlike samehost, gRPC leaves the file.
        Path(address.partition(":")[2]).unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(run(serve))
