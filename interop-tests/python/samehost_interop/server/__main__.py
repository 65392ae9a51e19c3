"""The interop server: `--address ADDRESS`; serves until SIGTERM, or until its host ends it.

Prints `READY ADDRESS` when clients can connect; exits 0 after SIGTERM.
"""

from __future__ import annotations

import signal
import sys

import samehost

from samehost_interop import secret
from samehost_interop.server.running import GRACE_SECONDS, run, say_ready
from samehost_interop.server.services import Services


def serve(address: str) -> None:
    """Serve until the server has stopped."""
    services = Services()
    credentials = secret.of_server(address)
    server = samehost.server(address, interceptors=services.interceptors, credentials=credentials)
    services.add_to(server)
    signal.signal(signal.SIGTERM, lambda *_: server.stop(GRACE_SECONDS))
    server.start()
    say_ready(address)
    server.wait_for_termination()


if __name__ == "__main__":
    sys.exit(run(serve))
