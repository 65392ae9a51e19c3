"""The interop server: `--address ADDRESS`; serves until SIGTERM, or until its host ends it.

Prints `READY ADDRESS` when clients can connect; exits 0 after SIGTERM.
"""

from __future__ import annotations

import signal
import sys

import samehost

from samehost_interop.server.control_service import ControlService
from samehost_interop.server.known_calls import KnownCalls
from samehost_interop.server.running import GRACE_SECONDS, run, say_ready
from samehost_interop.server.test_service import TestService
from samehost_interop.server.told import Told
from samehost_interop.stubs import control_grpc, testing_grpc


def serve(address: str) -> None:
    """Serve until the server has stopped."""
    calls = KnownCalls()
    server = samehost.server(address, interceptors=[Told(calls)])
    testing_grpc.add_TestServiceServicer_to_server(TestService(), server)
    control_grpc.add_ControlServiceServicer_to_server(ControlService(calls), server)
    signal.signal(signal.SIGTERM, lambda *_: server.stop(GRACE_SECONDS))
    server.start()
    say_ready(address)
    server.wait_for_termination()


if __name__ == "__main__":
    sys.exit(run(serve))
