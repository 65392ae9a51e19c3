"""A child that serves its host on its standard streams, and prints where it should not."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time

from samehost import _native

_native.take_standard_streams(exit_grace=0.3)
print("a stray print")
os.write(1, b"a stray write\n")
subprocess.run(["/bin/echo", "a stray child"], check=True)


def handler(call: _native.ServerCall) -> None:
    """Serve by the name of the method."""
    method = call.path.rsplit("/", 1)[-1]
    if method == "Echo":
        call.answer(message=call.receive())
    elif method == "Pid":
        call.answer(message=str(os.getpid()).encode())
    elif method == "Print":
        print("a line for the host", file=sys.stderr)
        call.answer(message=b"")
    elif method == "HoldTheLock":
        call.send_headers()
        # C code that keeps the interpreter's lock: nothing of Python runs meanwhile.
        ctypes.PyDLL(None).sleep(60)
    elif method == "Fork":
        pid = os.fork()
        if pid == 0:
            time.sleep(60)
            os._exit(0)
        call.answer(message=str(pid).encode())
    elif method == "Chat":
        while (message := call.receive()) is not None:
            call.send(message)
        call.answer()


server = _native.Server(handler)
server.listen("stdio:")
server.start()
server.wait()
