"""The interop server: `--address ADDRESS`; serves until SIGTERM, or until its host ends it.

Prints `READY ADDRESS` when clients can connect; exits 0 after SIGTERM.
"""

from __future__ import annotations

import signal
import sys

import samehost

from samehost_interop.flags import Flags, Misused
from samehost_interop.server.control_service import ControlService
from samehost_interop.server.known_calls import KnownCalls
from samehost_interop.server.test_service import TestService
from samehost_interop.server.told import Told
from samehost_interop.stubs import control_grpc, testing_grpc

_GRACE_SECONDS = 5


def serve(address: str) -> None:
    """Serve until the server has stopped."""
    calls = KnownCalls()
    server = samehost.server(address, interceptors=[Told(calls)])
    testing_grpc.add_TestServiceServicer_to_server(TestService(), server)
    control_grpc.add_ControlServiceServicer_to_server(ControlService(calls), server)
    signal.signal(signal.SIGTERM, lambda *_: server.stop(_GRACE_SECONDS))
    server.start()
    # The wire of stdio: is standard output, so it says so on stderr there.
    print(f"READY {address}", file=sys.stderr if address == "stdio:" else sys.stdout, flush=True)
    server.wait_for_termination()


def main() -> int:
    """Serve as the flags say."""
    try:
        address = Flags(sys.argv[1:], ("address",)).get("address")
    except Misused as error:
        print(f"server: {error}; it takes --address ADDRESS", file=sys.stderr)
        return 2
    try:
        serve(address)
    except RuntimeError as error:
        print(f"server: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
