"""What the tests of the native half share: a server that does what it is told by the method's name."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
from samehost import _native

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOON = 30.0
"""Generous: the machine may be busy."""


class Obedient:
    """Serves by the name of the method, and remembers what became of it."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.cancelled = threading.Event()
        self.began = threading.Event()
        self.release = threading.Event()
        self.seen: list[object] = []

    def __call__(self, call: _native.ServerCall) -> None:
        """Serve one call."""
        method = getattr(self, call.path.rsplit("/", 1)[-1], None)
        if method is None:
            error = _native.fault("method_unknown", call.path[1:])
            call.answer(error.code, error.text)
        else:
            method(call)

    def Echo(self, call: _native.ServerCall) -> None:  # noqa: N802
        """Give the message back, and the caller's metadata."""
        call.answer(0, "fine", call.metadata, call.receive(), headers=[("first", "1")])

    def Count(self, call: _native.ServerCall) -> None:  # noqa: N802
        """Count the messages of a stream."""
        count = 0
        while call.receive() is not None:
            count += 1
        call.answer(message=str(count).encode())

    def Repeat(self, call: _native.ServerCall) -> None:  # noqa: N802
        """Send as many messages as the request says."""
        for number in range(int(call.receive() or b"0")):
            if not call.send(b"%d" % number):
                return
        call.answer()

    def Chat(self, call: _native.ServerCall) -> None:  # noqa: N802
        """Send each message back as it comes."""
        try:
            while (message := call.receive()) is not None:
                call.send(message)
        except _native.StatusError as error:
            self.seen.append((error.code, error.text))
            self.cancelled.set()
            raise
        call.answer()

    def Hold(self, call: _native.ServerCall) -> None:  # noqa: N802
        """Answer only when it is released; the end of the call is seen."""
        if not call.add_done_callback(self.cancelled.set):
            self.cancelled.set()
        self.began.set()
        self.release.wait(SOON)
        call.answer(message=b"released")

    def Nap(self, call: _native.ServerCall) -> None:  # noqa: N802
        """Take a while."""
        time.sleep(0.2)
        call.answer(message=call.receive())

    def Peer(self, call: _native.ServerCall) -> None:  # noqa: N802
        """Tell who calls, and how long it waits."""
        peer = call.peer
        text = f"{peer.address} {peer.process_id} {peer.user_id} {peer.group_id} {call.time_left()}"
        call.answer(message=text.encode())

    def Fail(self, call: _native.ServerCall) -> None:  # noqa: N802
        """Raise what the peer must not see."""
        self.seen.append(call.path)
        message = "the secret of the handler"
        raise ValueError(message)


@pytest.fixture
def obedient() -> Obedient:
    """Give the service of a test."""
    return Obedient()


@pytest.fixture
def server(obedient: Obedient, tmp_path: Path) -> Iterator[str]:
    """Serve; give the address."""
    server = _native.Server(obedient)
    address = server.listen(f"unix:{tmp_path}/s")
    server.start()
    yield address
    obedient.release.set()
    server.stop()
    assert server.wait(SOON)


@pytest.fixture
def channel(server: str) -> Iterator[_native.Channel]:
    """Reach the server."""
    channel = _native.Channel(server)
    yield channel
    channel.close()
