"""wrapper.py COMMAND...: starts a server as a child of its own, and hides from it that the host has gone.

It hands standard input on, but not its end, as wrappers and debuggers do. It ends when the server does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading


def hand_on(into: int) -> None:
    """Copy standard input; leaves the other end open when it has ended."""
    data = os.read(0, 65536)
    while data:
        while data:
            data = data[os.write(into, data) :]
        data = os.read(0, 65536)


def main() -> int:
    """Run the command."""
    server = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE)
    if server.stdin is None:
        raise AssertionError
    threading.Thread(target=hand_on, args=(server.stdin.fileno(),), daemon=True).start()
    return server.wait()


if __name__ == "__main__":
    sys.exit(main())
