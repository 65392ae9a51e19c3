"""One run of a client program. Cases run one after the other."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from samehost_interop.client.stacks import STACKS
from samehost_interop.client.started import Started
from samehost_interop.client.ways import OnLoop, Ways
from samehost_interop.suite import Limits, Mismatch, Step, Suite, fill

if TYPE_CHECKING:
    from samehost_interop.suite import TransportUse

# Longer than the name of any socket may be.
_LONG_NAME = 120


class Session:
    """Its address, its data, a folder of its own, and all that it opened and started, which `close` ends."""

    def __init__(self, language: str, address: str, server_language: str, suite: Suite) -> None:
        """Open nothing yet. The language is this client's own, by its name in the matrix."""
        self.language = language
        self.address = address
        self.server_language = server_language
        self.suite = suite
        self.transport = address.partition(":")[0]
        self.catalogue = suite.catalogue()
        self.loop = OnLoop()
        self._use: TransportUse = suite.transport(self.transport)
        self._scratch = tempfile.TemporaryDirectory(prefix="interop")
        self.folder = Path(self._scratch.name)
        self._opened: list[Ways] = []
        self._programs: list[Started] = []
        self._names = itertools.count(1)
        self._ports = iter(range(10_000 + os.getpid() % 20_000, 32_000))
        self._said: list[str] = []
        self._shared: Ways | None = None

    def ways(self) -> Ways:
        """Give the channels that cases share."""
        if self._shared is None:
            self._shared = self.open(self.address)
        return self._shared

    def discard_ways(self) -> None:
        """Give the shared channels up: the next case gets new ones."""
        if self._shared is not None:
            self._shared.close()
            self._shared = None

    def open(self, address: str, limits: Limits | None = None, *, offers: bool = False) -> Ways:
        """Make channels, which live until the session's end unless they are closed before.

        With `offers` they offer the services of the tests, to be called back.
        """
        made = self.make(address, limits, offers=offers)
        self._opened.append(made)
        return made

    def make(self, address: str, limits: Limits | None, *, offers: bool = False) -> Ways:
        """Make channels that the caller closes. ValueError for a wrong address."""
        return Ways(STACKS[self.language], address, limits, self.loop, offers=offers)

    def say(self, text: str) -> None:
        """Note a text that belongs to the case, for people and to be compared with another language's."""
        self._said.append(text)

    def take_said(self) -> list[str]:
        """Give what was said since the last time."""
        said, self._said = self._said, []
        return said

    def has(self, need: str) -> bool:
        """Tell whether what a case needs is so."""
        return need == "unprivileged" and os.geteuid() != 0

    def name(self, prefix: str) -> str:
        """Give a name that no other call, file or process of this session has."""
        return f"{prefix}-{os.getpid()}-{next(self._names)}"

    @property
    def spawns(self) -> bool:
        """Whether a client starts its own server."""
        return self._use.spawns

    def address_of(self, step: Step) -> str:
        """Give the address that a step names, or else the session's."""
        if step.address is None:
            return self.address
        return fill(
            step.address,
            folder=str(self.folder),
            file=self.suite.path("suites/faults.json"),
            peer=f"python3 {_quoted(self.suite.path('peers/peer.py'))}",
            wrapper=f"python3 {_quoted(self.suite.path('peers/wrapper.py'))}",
            command=self._command(),
            long="x" * _LONG_NAME,
            port=str(self._closed_port()),
        )

    def victim(self) -> Victim:
        """Give a server for a case to kill; on a transport whose clients start it, only its address."""
        values = {
            "folder": str(self.folder),
            "name": self.name("victim"),
            "port": str(self._closed_port()),
            "command": self._command(),
        }
        return Victim(self, fill(self._use.client, **values), fill(self._use.server, **values))

    def program(self, *command: str) -> Started:
        """Start a program, which is killed at the end of the session if it still runs then."""
        program = Started(*command)
        self._programs.append(program)
        return program

    def close(self) -> None:
        """End all that was opened and started."""
        try:
            for opened in self._opened:
                opened.close()
            self.loop.close()
        finally:
            for program in self._programs:
                program.kill()
            self._scratch.cleanup()

    def _closed_port(self) -> int:
        """Find a port at which nobody listens, and that the system gives to nobody who asks for any."""
        for port in self._ports:
            with socket.socket() as probe, contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
        message = "no port of this host is free"
        raise Mismatch(message)

    def _command(self) -> str:
        """Give how a server of the session's language is started, its address missing."""
        return f"{_quoted(self.suite.path('server'))} {self.server_language}"


def _quoted(word: str) -> str:
    """Quote a word as the other languages do, so that all say the same of an address."""
    return "'" + word.replace("'", "'\\''") + "'"


class Victim:
    """A server that a case may kill."""

    def __init__(self, session: Session, address: str, server_address: str) -> None:
        """Know how it is reached, and how it is started."""
        self.address = address
        self._session = session
        self._server_address = server_address

    def start(self) -> None:
        """Start it, where a client does not do so by connecting; wait until it is ready."""
        session = self._session
        if not session.spawns:
            program = session.suite.path("server")
            words = (session.server_language, "--address", self._server_address)
            session.program(program, *words).wait_for_line("READY")
