"""A thousand callers over shared memory, each a process that is killed in the middle of something.

doomed.py --address shm:PATH

It exits 0 where the server, seen from outside, then has no more descriptors, mappings and files than before.
"""

from __future__ import annotations

import argparse
import mmap
import os
import random
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path

from wire import OPEN, frame, hello

CALLERS = 1000
# So many are alive, and die, at a time.
WAVE = 25
PATIENCE_SECONDS = 60
# By then a server has seen that a connection is idle, and has what it watches idle ones by.
IDLE_SECONDS = 3
# Within this time, in milliseconds, each is killed once it is in the middle of something.
LONGEST_LIFE_MS = 4

ACK = b"\x06"
RING_BYTES = 64 << 10
OFFER = b"\xf6SHM" + struct.pack("<BBHII", 1, 0, 0, RING_BYTES, 0)
ACCEPTED = b"\xf6SHM" + struct.pack("<BBHII", 1, 1, 0, RING_BYTES, 0)
# Where the memory has its positions and rings.
WRITTEN, READ_BY_SERVER, WRITTEN_BY_SERVER, READ, RINGS = 128, 256, 384, 512, 4096

PATH = b"/samehost.testing.ControlService/Echo"
BODY = bytes(at % 251 for at in range(10_000))
# A Block, with a body alone.
MESSAGE = b"\x12" + bytes([len(BODY) & 0x7F | 0x80, len(BODY) >> 7]) + BODY
END_MESSAGE, END_MESSAGE_PATH = 0x03, 0x07


class WrongError(Exception):
    """The server did not do as it must."""


def must(holds: object, what: str) -> None:
    """Fail where something does not hold."""
    if not holds:
        raise WrongError(what)


class Caller:
    """A connection whose memory holds the two rings; this side is the one that connected."""

    def __init__(self, path: str) -> None:
        """Connect, and agree on shared memory."""
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_SECONDS)
        self.socket.connect(path)
        self.socket.sendall(OFFER)
        answer, rights, _, _ = socket.recv_fds(self.socket, len(ACCEPTED), 2)
        must(answer == ACCEPTED, f"instead of memory the server gave {answer!r}")
        self.rights = rights
        self.memory = mmap.mmap(rights[0], RINGS + 2 * RING_BYTES)
        self.positions = memoryview(self.memory).cast("Q")
        self.socket.sendall(ACK)
        self.socket.settimeout(0)
        self.stream = -1

    def close(self) -> None:
        """Let everything go."""
        self.positions.release()
        self.memory.close()
        for number in self.rights:
            os.close(number)
        self.socket.close()

    def server(self) -> int:
        """Tell the server's process."""
        peer = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("iII"))
        pid: int = struct.unpack("iII", peer)[0]
        return pid

    def written_by_server(self) -> int:
        """Tell how many bytes the server has written."""
        return self.positions[WRITTEN_BY_SERVER // 8]

    def read_all(self) -> None:
        """Let the server have all the room that there can be."""
        self.positions[READ // 8] = self.written_by_server()
        self.ring()

    def ring(self) -> None:
        """Ring, whether somebody sleeps or not; what is not taken has been rung already."""
        with suppress(BlockingIOError):
            self.socket.send(b"\x01")

    def say(self, data: bytes) -> None:
        """Write as soon as there is room."""
        while data:
            written = self.positions[WRITTEN // 8]
            room = RING_BYTES - (written - self.positions[READ_BY_SERVER // 8])
            at = written % RING_BYTES
            piece = data[: min(room, RING_BYTES - at)]
            if not piece:
                time.sleep(0.003)
                continue
            self.memory[RINGS + at : RINGS + at + len(piece)] = piece
            self.positions[WRITTEN // 8] = written + len(piece)
            self.ring()
            data = data[len(piece) :]

    def call(self) -> bytes:
        """Lay out the next call."""
        self.stream += 2
        path = len(PATH).to_bytes(2, "little") + PATH if self.stream == 1 else b""
        flags = END_MESSAGE_PATH if path else END_MESSAGE
        return frame(OPEN, flags, self.stream, 1, path + bytes(2) + MESSAGE)

    def first_answer(self) -> None:
        """Make a call, and wait until its answer is coming."""
        self.say(hello() + self.call())
        patience = time.monotonic() + PATIENCE_SECONDS
        while self.written_by_server() < len(BODY):
            must(time.monotonic() < patience, "no answer in time")
            time.sleep(0.003)
        self.read_all()

    def go_on(self, kind: int) -> None:
        """Be in the middle of something, until this process is killed."""
        if kind == 0:
            # Half a frame, and no more.
            self.say(self.call()[: len(BODY) // 2])
        while kind == 1:
            # Calls whose answers are taken.
            self.say(self.call())
            time.sleep(0.001)
            self.read_all()
        if kind > 1:
            # More calls than there is room for their answers, which nobody takes.
            for _ in range(2 * RING_BYTES // len(BODY)):
                self.say(self.call())
        signal.pause()


def wave(path: str) -> None:
    """Start some callers, and kill each once it is in the middle of something."""
    ready, told = os.pipe()
    closed, go = os.pipe()
    callers = [start(path, told, (closed, go), number % 3) for number in range(WAVE)]
    os.close(told)
    said = b""
    while len(said) < WAVE:
        more = os.read(ready, WAVE)
        if not more:
            break
        said += more
    for number in (ready, closed, go):
        os.close(number)
    random.shuffle(callers)
    for caller in callers:
        time.sleep(random.random() * LONGEST_LIFE_MS / 1000 / WAVE)  # noqa: S311, no secret
        os.kill(caller, signal.SIGKILL)
        _, how = os.waitpid(caller, 0)
        must(os.WIFSIGNALED(how), "a caller ended before it was killed")


def start(path: str, told: int, go: tuple[int, int], kind: int) -> int:
    """Start one caller, which goes on when all others are there, and ends by being killed."""
    child = os.fork()
    if child:
        return child
    try:
        caller = Caller(path)
        caller.first_answer()
        os.write(told, b".")
        os.close(go[1])
        os.read(go[0], 1)
        caller.go_on(kind)
    finally:
        os._exit(1)


def belongings(pid: int, folder: Path) -> tuple[int, int, int]:
    """Count the descriptors and the memory of the server, and the files where it listens."""
    mappings = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace")
    descriptors = len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208, only their number
    return descriptors, mappings.count("memfd:samehost"), len(list(folder.iterdir()))


def settled(pid: int, folder: Path, most: tuple[int, int, int] | None = None) -> tuple[int, int, int]:
    """Wait until the server has no more than this, or else until nothing changes for a while."""
    patience = time.monotonic() + PATIENCE_SECONDS
    now = belongings(pid, folder)
    while time.monotonic() < patience:
        before = now
        time.sleep(0.05 if most else 1)
        now = belongings(pid, folder)
        if all(has <= had for has, had in zip(now, most or before)) and (most or now == before):
            break
    return now


def visit(path: str) -> None:
    """Kill a thousand callers, and look at what is left of them."""
    folder = Path(path).parent
    first = Caller(path)
    pid = first.server()
    first.first_answer()
    # What a server makes once is made by these, and by one that says nothing for a while.
    wave(path)
    time.sleep(IDLE_SECONDS)
    first.close()
    before = settled(pid, folder)
    for _ in range(CALLERS // WAVE):
        wave(path)
    after = settled(pid, folder, before)
    kept = all(has <= had for has, had in zip(after, before))
    must(kept, f"descriptors, mappings and files of the server: {before} before, {after} after")
    last = Caller(path)
    last.first_answer()
    last.close()


def main() -> int:
    """Visit as the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--address", required=True)
    try:
        visit(parser.parse_args().address.partition(":")[2])
    except WrongError as why:
        print(why)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
