"""The server of the benchmarks in Python: serves until it is killed, or until its host ends it."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

OPTIONS = [("grpc.max_receive_message_length", 64 << 20)]
THREADS = 8


def serve_lines() -> None:
    """Answer each line with what it says."""
    for line in sys.stdin.buffer:
        answer = {"body": json.loads(line)["body"]}
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


def serve_stubs(server: Any, address: str) -> None:
    """Serve the service by grpcio's stock servicer, on whichever server."""
    messages: Any = import_module("echo_pb2")
    stubs: Any = import_module("echo_pb2_grpc")

    class Service(stubs.EchoServicer):  # type: ignore[misc]
        """The service, as a user would write it; the names are the contract's."""

        def Unary(self, request: Any, _context: Any) -> Any:  # noqa: N802
            """Answer with what was asked."""
            return request

        def Stream(self, request: Any, _context: Any) -> Iterator[Any]:  # noqa: N802
            """Answer with messages that are built one by one."""
            for _ in range(request.messages):
                yield messages.Payload(body=bytes(request.size))

    stubs.add_EchoServicer_to_server(Service(), server)
    server.start()
    if address != "stdio:":
        print(f"READY {address}", flush=True)
    server.wait_for_termination()


def main() -> None:
    """Serve."""
    _, _, system, _, address = sys.argv
    if system == "jsonl":
        serve_lines()
    elif system == "grpcio":
        server = import_module("grpc").server(ThreadPoolExecutor(THREADS), options=OPTIONS)
        server.add_insecure_port(address)
        serve_stubs(server, address)
    else:
        serve_stubs(import_module("samehost").server(address, options=OPTIONS), address)


if __name__ == "__main__":
    main()
