"""A child that heeds neither the end of its input nor SIGTERM, and has a child of its own with its pipes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import samehost
from echo import Echo
from stubs import echo_pb2_grpc

# Before the streams are taken, so that they are the grandchild's too.
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
samehost.child.take_streams(exit_with_host=False)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
server = samehost.server("stdio:")
echo_pb2_grpc.add_EchoServicer_to_server(Echo(), server)
server.start()
print(os.getpid(), grandchild.pid, flush=True)
while True:
    time.sleep(1)
