"""A child that serves the tests' service to its host: `python -m samehost.child worker.py [--pool N]`."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import samehost
from echo import Echo
from stubs import echo_pb2_grpc


def main() -> None:
    """Serve until the host has gone."""
    pool = ThreadPoolExecutor(int(sys.argv[2])) if sys.argv[1:2] == ["--pool"] else None
    server = samehost.server("stdio:", pool)
    echo_pb2_grpc.add_EchoServicer_to_server(Echo(), server)
    server.start()
    server.wait_for_termination()


main()
