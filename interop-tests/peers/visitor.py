"""Clients as a server may meet them: each speaks the wire in one way, and checks what it is answered.

visitor.py VISIT --address unix:PATH        visits the server that listens there
visitor.py VISIT --address stdio:COMMAND    visits a child that it starts

It exits 0 where the server did as it must; what the server said of a fault is printed.
"""

from __future__ import annotations

import argparse
import os
import shlex
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

from wire import (
    FIRST_SKIPPED,
    GOAWAY,
    HELLO,
    MESSAGE,
    OPEN,
    PING,
    PROTOCOL_ERROR,
    STATUS,
    VERSION_MISMATCH,
    EndedError,
    Frame,
    Link,
    frame,
    hello,
    newer,
    newer_hello,
    older_hello,
    unknown,
)

if TYPE_CHECKING:
    from collections.abc import Callable

PATH = b"/grpc.testing.TestService/EmptyCall"
END_MESSAGE_PATH = 0x07
ACK = 0x01
ANSWER_SECONDS = 60


class WrongError(Exception):
    """The server did not do as it must."""


def must(holds: object, what: str) -> None:
    """Fail where something does not hold."""
    if not holds:
        raise WrongError(what)


def opening(flags: int) -> bytes:
    """Begin a call with an empty message, and nothing after it."""
    return frame(OPEN, flags, 1, 1, len(PATH).to_bytes(2, "little") + PATH + bytes(2))


def greet(link: Link, said: bytes) -> None:
    """Say HELLO, and take that of the server."""
    link.write(said)
    answer = link.read_hello()
    must(answer.kind == HELLO, f"expected HELLO, but got a frame of type {answer.kind}")


def answered(link: Link) -> None:
    """Take the answer to the call: OK, with one empty message."""
    messages = 0
    while True:
        got = link.read_frame()
        must(got.stream in (0, 1), f"a frame on stream {got.stream}")
        must(got.kind not in (HELLO, GOAWAY), f"a frame of type {got.kind}: {got.payload!r}")
        messages += got.kind in (MESSAGE, STATUS) and got.flags & 0x02 == 0x02  # noqa: PLR2004, the flag MESSAGE
        if got.kind == STATUS:
            must(got.word == 0, f"expected OK, but got the status {got.word}: {got.payload!r}")
            must(messages == 1, f"expected one message, but got {messages}")
            return


def refused(link: Link, code: int) -> None:
    """Take a GOAWAY with this code, and the end after it."""
    got = link.read_frame()
    must(got.kind == GOAWAY, f"expected GOAWAY, but got a frame of type {got.kind}")
    said = int.from_bytes(got.payload[:4], "little")
    must(said == code, f"expected GOAWAY {code}, but got {said}: {got.payload[4:]!r}")
    print(got.payload[4:].decode())
    must(not link.some(1), "something after GOAWAY")


def is_newer(link: Link) -> None:
    """Speak a newer version as well, and use all that an older side is to skip."""
    greet(link, newer_hello())
    link.write(unknown(FIRST_SKIPPED, 0))
    # All but PATH, MESSAGE and END, DEADLINE and COMPRESSED, which this type knows.
    link.write(newer(opening(END_MESSAGE_PATH | 0xE0)))
    link.write(unknown(0xFF, 1))
    answered(link)
    link.write(newer(frame(PING, 0xFE, 0, 0x01020304, b"and pong")))
    pong: Frame = link.read_frame()
    while pong.kind != PING:
        pong = link.read_frame()
    must(pong.flags == ACK and pong.payload == b"and pong", f"expected an answer to PING, but got {pong}")


def is_older(link: Link) -> None:
    """Say of itself no more than its version."""
    greet(link, older_hello())
    link.write(opening(END_MESSAGE_PATH))
    answered(link)


def is_from_the_future(link: Link) -> None:
    """Speak newer versions alone."""
    greet(link, hello(7, 9))
    refused(link, VERSION_MISMATCH)


def is_malformed(link: Link) -> None:
    """Send a frame of a type that cannot be skipped."""
    greet(link, hello())
    link.write(frame(99, 0, 0, 0, b""))
    refused(link, PROTOCOL_ERROR)


VISITS: dict[str, Callable[[Link], None]] = {
    "newer": is_newer,
    "older": is_older,
    "from_the_future": is_from_the_future,
    "malformed": is_malformed,
}


def connect(path: str, visit: Callable[[Link], None]) -> None:
    """Visit a server that listens."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(ANSWER_SECONDS)
        connection.connect(path)
        visit(Link(connection.recv, connection.sendall))


def spawn(command: str, visit: Callable[[Link], None]) -> None:
    """Visit a child; it must end by itself when it is left."""
    child = subprocess.Popen(shlex.split(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if child.stdin is None or child.stdout is None:
        raise AssertionError
    read, write = child.stdout.fileno(), child.stdin.fileno()
    try:
        visit(Link(lambda size: os.read(read, size), lambda data: os.write(write, data)))
        child.stdin.close()
        child.wait(ANSWER_SECONDS)
    finally:
        child.kill()
        child.wait()


def main() -> int:
    """Visit as the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("visit", choices=VISITS)
    parser.add_argument("--address", required=True)
    options = parser.parse_args()
    scheme, _, rest = options.address.partition(":")
    try:
        {"unix": connect, "stdio": spawn}[scheme](rest, VISITS[options.visit])
    except WrongError as why:
        print(why)
        return 1
    except EndedError:
        print("the server ended the connection where more was to come")
        return 1
    except (TimeoutError, subprocess.TimeoutExpired) as why:
        print(f"not in time: {why}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
