"""A child that prints in every way there is, before and while it serves: `noisy.py [take]`."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import samehost
import samehost.child
from echo import Echo
from stubs import echo_pb2_grpc

LIBC = ctypes.CDLL(None)


def make_noise(when: str) -> None:
    """Print by Python, by a write, by C and by a process."""
    print(f"{when}: print")
    os.write(1, f"{when}: write\n".encode())
    LIBC.puts(f"{when}: puts".encode())
    LIBC.fflush(None)
    subprocess.run(["echo", f"{when}: echo"], check=True)


class Noisy(Echo):
    """Prints, and answers."""

    def Say(self, request: object, context: object) -> object:  # noqa: N802 the contract's
        """Print, and answer."""
        make_noise("serving")
        return super().Say(request, context)  # type: ignore[arg-type]


def main() -> None:
    """Serve until the host has gone."""
    if sys.argv[1:] == ["take"]:
        samehost.child.take_streams()
        samehost.child.take_streams()
    make_noise("starting")
    server = samehost.server("stdio:")
    echo_pb2_grpc.add_EchoServicer_to_server(Noisy(), server)
    server.start()
    server.wait_for_termination()


main()
