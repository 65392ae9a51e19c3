"""The wire as the peers of the tests speak it: frames laid out and read, one connection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

PREFACE = bytes.fromhex("f553484f53540d0a")
HELLO, OPEN, HEADERS, MESSAGE, STATUS, PING, GOAWAY = 1, 2, 3, 4, 5, 8, 9
# The first of the types that a side skips where it does not know them.
FIRST_SKIPPED = 128
HEADERS_AND_MESSAGE = 0x42
PROTOCOL_ERROR, VERSION_MISMATCH, REFUSED, INTERNAL_ERROR = 1, 4, 6, 8
HEADER_BYTES = 16

Read = Callable[[int], bytes]
Write = Callable[[bytes], object]


@dataclass
class Frame:
    """A frame as it was read."""

    kind: int
    flags: int
    stream: int
    word: int
    payload: bytes


class EndedError(Exception):
    """The link has ended where more was to come."""


def frame(kind: int, flags: int, stream: int, word: int, payload: bytes) -> bytes:
    """Lay out a frame."""
    header = len(payload).to_bytes(4, "little") + bytes([kind, flags, 0, 0])
    return header + stream.to_bytes(4, "little") + word.to_bytes(4, "little") + payload


def hello(oldest: int = 1, newest: int = 1) -> bytes:
    """Say the preface and HELLO."""
    name = b"peer/1.0"
    return PREFACE + frame(HELLO, 0, 0, 0, bytes([8, oldest, 16, newest, 26, len(name)]) + name)


def older_hello() -> bytes:
    """Say HELLO as one does who knows of no field but the versions."""
    return PREFACE + frame(HELLO, 0, 0, 0, bytes([8, 1, 16, 1]))


def newer_hello() -> bytes:
    """Say HELLO as one does who speaks newer versions as well, with fields, features and flags of theirs."""
    name = b"peer/9.0"
    known = bytes([8, 1, 16, 9, 26, len(name)]) + name + b"\x32\x04warp"
    # Field 200 as a number, 201 as bytes, 202 as four bytes, 203 as eight.
    unknown = bytes.fromhex("c00c07ca0c03616263d50c61626364d90c6162636465666768")
    return PREFACE + newer(frame(HELLO, 0xFF, 0, 0, known + unknown))


def newer(known: bytes) -> bytes:
    """Set the two bytes of a frame's header that have no meaning yet."""
    return known[:6] + b"\xff\xff" + known[8:]


def unknown(kind: int, stream: int) -> bytes:
    """Lay out a frame of a type that nobody knows yet."""
    return newer(frame(kind, 0xFF, stream, 0x01020304, b"whatever"))


def goaway(code: int, text: bytes) -> bytes:
    """Say GOAWAY."""
    return frame(GOAWAY, 0, 0, 0, code.to_bytes(4, "little") + text)


class Link:
    """One connection: whole reads, whole writes."""

    def __init__(self, read: Read, write: Write) -> None:
        """Take over both directions."""
        self.some = read
        self.write = write

    def read(self, size: int) -> bytes:
        """Read so many bytes."""
        data = b""
        while len(data) < size:
            more = self.some(size - len(data))
            if not more:
                raise EndedError
            data += more
        return data

    def read_frame(self) -> Frame:
        """Read a frame."""
        header = self.read(HEADER_BYTES)
        payload = self.read(int.from_bytes(header[:4], "little"))
        stream, word = (int.from_bytes(header[at : at + 4], "little") for at in (8, 12))
        return Frame(header[4], header[5], stream, word, payload)

    def read_hello(self) -> Frame:
        """Read the preface and the HELLO of the other side."""
        self.read(len(PREFACE))
        return self.read_frame()

    def read_to_end(self) -> None:
        """Read until the other side ends the connection."""
        while self.some(65536):
            pass

    def accept(self, said: bytes | None = None) -> int:
        """Say HELLO, and wait for a call; the answer is its stream."""
        self.read_hello()
        self.write(said or hello())
        read = self.read_frame()
        while read.kind != OPEN:
            read = self.read_frame()
        return read.stream
