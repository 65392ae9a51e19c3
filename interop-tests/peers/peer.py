"""Peers as a client must not meet them: a listener or a child that behaves in one wrong way.

peer.py BEHAVIOUR --socket PATH   listens there, prints READY, and behaves so towards each connection
peer.py BEHAVIOUR                 behaves so on standard input and output, as a child
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from wire import (
    FIRST_SKIPPED,
    HEADERS,
    HEADERS_AND_MESSAGE,
    INTERNAL_ERROR,
    MESSAGE,
    REFUSED,
    STATUS,
    EndedError,
    Link,
    frame,
    goaway,
    hello,
    newer,
    newer_hello,
    older_hello,
    unknown,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def wait() -> None:
    """Do nothing any more."""
    while True:
        time.sleep(3600)


def speaks(data: bytes) -> Callable[[Link], None]:
    """Speak another protocol."""

    def behave(link: Link) -> None:
        link.read_hello()
        link.write(data)
        link.some(1)

    return behave


def after_hello(data: bytes) -> Callable[[Link], None]:
    """Say HELLO, and then something wrong."""

    def behave(link: Link) -> None:
        link.read_hello()
        link.write(hello() + data)
        link.some(65536)

    return behave


def silent(_link: Link) -> None:
    """Say nothing."""
    wait()


def hangs_up(link: Link) -> None:
    """End the connection instead of a HELLO."""
    link.read_hello()


def hangs_up_unread(_link: Link) -> None:
    """End the connection before anything was read."""


def half_hello(link: Link) -> None:
    """End the connection within the HELLO."""
    link.read_hello()
    link.write(hello()[:20])


def from_the_future(link: Link) -> None:
    """Speak versions that do not exist yet."""
    link.read_hello()
    link.write(hello(7, 9))
    link.some(65536)


def is_newer(link: Link) -> None:
    """Speak a newer version as well, and use all that an older side is to skip; answer a call."""
    stream = link.accept(newer_hello())
    link.write(unknown(FIRST_SKIPPED, 0) + unknown(0xFE, stream))
    link.write(newer(frame(HEADERS, 0xFF, stream, 0x01020304, bytes(2))))
    # All but COMPRESSED, which this type knows, and END, which is the opener's.
    link.write(newer(frame(MESSAGE, 0xEE, stream, 0, b"")))
    link.write(unknown(0xFF, stream))
    # All but HEADERS, MESSAGE and COMPRESSED.
    link.write(newer(frame(STATUS, 0xAD, stream, 0, bytes(4))))
    link.write(unknown(FIRST_SKIPPED, stream))
    link.read_to_end()


def is_older(link: Link) -> None:
    """Say of itself no more than its version; answer a call."""
    stream = link.accept(older_hello())
    link.write(frame(STATUS, HEADERS_AND_MESSAGE, stream, 0, bytes(6)))
    link.read_to_end()


def ends_in_frame(link: Link) -> None:
    """End the connection within a frame of the answer."""
    stream = link.accept()
    link.write(frame(STATUS, HEADERS_AND_MESSAGE, stream, 0, bytes(6))[:17])


def ends_in_call(link: Link) -> None:
    """End the connection with a call open; as a child, with a status and a last word."""
    link.accept()
    sys.stderr.write("something is wrong here\nthese are my last words\n")
    sys.stderr.flush()
    os._exit(7)


def killed_in_call(link: Link) -> None:
    """Be killed with a call open."""
    link.accept()
    os.kill(os.getpid(), signal.SIGKILL)


def closes_stdout(link: Link) -> None:
    """Close standard output with a call open, and go on."""
    link.accept()
    os.close(1)
    wait()


def ignores_eof(link: Link) -> None:
    """Answer a call, and then ignore both the end of the connection and SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    stream = link.accept()
    link.write(frame(STATUS, HEADERS_AND_MESSAGE, stream, 0, bytes(6)))
    wait()


def noise(link: Link) -> None:
    """Print without end."""
    while True:
        link.write(b"y\n" * 2048)


def misused(link: Link) -> None:
    """Print how it is used, and exit."""
    link.write(b"usage: worker FILE\n")
    sys.stderr.write("worker: no file\n")
    sys.stderr.flush()
    os._exit(3)


def killed(_link: Link) -> None:
    """Be killed before HELLO."""
    os.kill(os.getpid(), signal.SIGKILL)


BEHAVIOURS: dict[str, Callable[[Link], None]] = {
    "http1": speaks(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"),
    "nonsense": speaks(b"220 mail.example ESMTP\r\n"),
    "silent": silent,
    "hangs_up": hangs_up,
    "hangs_up_unread": hangs_up_unread,
    "half_hello": half_hello,
    "from_the_future": from_the_future,
    "newer": is_newer,
    "older": is_older,
    "malformed": after_hello(frame(99, 0, 0, 0, b"")),
    "goaway": after_hello(goaway(INTERNAL_ERROR, b"out of memory")),
    "refuses": after_hello(goaway(REFUSED, b"not on a Sunday.")),
    "ends_in_frame": ends_in_frame,
    "ends_in_call": ends_in_call,
    "killed_in_call": killed_in_call,
    "closes_stdout": closes_stdout,
    "ignores_eof": ignores_eof,
    "noise": noise,
    "misused": misused,
    "killed": killed,
}


def listen(path: str, behaviour: str) -> None:
    """Listen, or leave a socket behind on which nobody listens; then behave."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    if behaviour == "no_listener":
        print("READY", behaviour)
        return
    listener.listen(0 if behaviour == "full" else 16)
    if behaviour == "closed":
        Path(path).chmod(0)
    waiting = []
    if behaviour == "full":
        # Connections fill the queue, so that the next one is not accepted.
        for _ in range(2):
            one = socket.socket(socket.AF_UNIX)
            one.settimeout(0)
            if one.connect_ex(path) == 0:
                waiting.append(one)
    print("READY", behaviour, flush=True)
    if behaviour in ("full", "closed"):
        wait()
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, behaviour), daemon=True).start()


def serve(connection: socket.socket, behaviour: str) -> None:
    """Behave towards one connection, and end it."""
    try:
        BEHAVIOURS[behaviour](Link(connection.recv, connection.sendall))
    except (OSError, EndedError):
        pass  # the other side has ended it first
    finally:
        connection.close()


def main() -> None:
    """Behave as the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("behaviour", choices=[*BEHAVIOURS, "no_listener", "full", "closed"])
    parser.add_argument("--socket")
    parser.add_argument("--pid-file")
    options = parser.parse_args()
    if options.pid_file:
        Path(options.pid_file).write_text(str(os.getpid()), encoding="utf-8")
    if options.socket:
        listen(options.socket, options.behaviour)
        return
    try:
        BEHAVIOURS[options.behaviour](Link(lambda size: os.read(0, size), lambda data: os.write(1, data)))
    except EndedError:
        pass  # the other side has ended it first
    except BrokenPipeError:
        os._exit(1)


if __name__ == "__main__":
    main()
