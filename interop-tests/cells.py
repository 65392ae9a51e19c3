"""Cells of the interop matrix: one server and one client process each, started, watched and stopped.

What a cell starts has a mark in its environment: that is how it is seen that nothing is left behind, and
nothing else is ever killed.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

HOME = Path(__file__).resolve().parent
MARK = "SAMEHOST_INTEROP_CELL"
READY_SECONDS = 60
STOP_SECONDS = 30
LEFT_SECONDS = 20
SUMMARY = re.compile(r"(\d+) passed, (\d+) failed, (\d+) gaps$")
PORTS = iter(range(10_000 + os.getpid() % 20_000, 32_000))
"""Those that were not given away: cells that run at once must not get the same."""


@dataclass
class Transport:
    """How a transport is used, as transports.json says it."""

    name: str
    server: str
    client: str
    secure: bool = False
    """By TLS, each side with a certificate."""

    def spawns(self) -> bool:
        """Tell whether the client starts the server."""
        return "{command}" in self.client


@dataclass
class Cell:
    """One client language, one server language, one transport; and how it went."""

    client: str
    server: str
    transport: Transport
    limit: float
    user: int | None = None
    lines: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    passed: int = 0
    failed: int = 0
    seconds: float = 0

    def name(self) -> str:
        """Name it for people."""
        return f"{self.client} -> {self.server} over {self.transport.name}"

    def fail(self, why: str) -> None:
        """Note a failure that is not a case's."""
        self.failed += 1
        self.failures.append(why)

    def shown(self) -> str:
        """Show it in the table: passed of all."""
        return f"{self.passed}/{self.passed + self.failed}"


def closed_port() -> int:
    """Find a port at which nobody listens, and that the system gives to nobody who asks for any."""
    for port in PORTS:
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    message = "no port of this host is free"
    raise OSError(message)


def marked(mark: str) -> list[int]:
    """List the live processes that have the mark in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            environment = (folder / "environ").read_bytes()
            state = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
            if f"{MARK}={mark}".encode() in environment.split(b"\0") and not state.startswith(" Z"):
                found.append(int(folder.name))
    return found


def check_nothing_left(cell: Cell, mark: str) -> None:
    """Wait until no process of the cell runs; one that stays is a failure, and is killed."""
    end = time.monotonic() + LEFT_SECONDS
    left = marked(mark)
    while left and time.monotonic() < end:
        time.sleep(0.02)
        left = marked(mark)
    for pid in left:
        command = b"which has gone since"
        with contextlib.suppress(OSError):
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")[:200]
        cell.fail(
            f"{LEFT_SECONDS} s after the end a process was left: {pid} {command.decode(errors='replace')}"
        )
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def start_server(cell: Cell, address: str, environment: dict[str, str]) -> subprocess.Popen[str] | None:
    """Start the server of a cell, and wait until it is ready; None when it does not get so far."""
    server = subprocess.Popen(
        [str(HOME / "server"), cell.server, "--address", address],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    killer = threading.Timer(READY_SECONDS, server.kill)
    killer.start()
    line = server.stdout.readline() if server.stdout else ""
    killer.cancel()
    if line == f"READY {address}\n":
        return server
    server.kill()
    cell.fail(f"the server did not say READY {address}, but {line!r}, and ended with {server.wait()}")
    return None


def stop_server(cell: Cell, server: subprocess.Popen[str], address: str) -> None:
    """Stop a server as its users do; it must end well and take its socket along."""
    server.send_signal(signal.SIGTERM)
    try:
        code = server.wait(STOP_SECONDS)
        if code != 0:
            cell.fail(f"after SIGTERM the server ended with {code}, not with 0")
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
        cell.fail(f"the server did not end within {STOP_SECONDS} s after SIGTERM")
    path = address.partition(":")[2]
    if path.startswith("/") and Path(path).exists():
        cell.fail(f"the server left {path} behind")


def run_client(cell: Cell, address: str, case: str, environment: dict[str, str]) -> None:
    """Run the client of a cell, and take over what it says."""
    command = [
        str(HOME / "client"),
        cell.client,
        "--server",
        cell.server,
        "--address",
        address,
        "--case",
        case,
    ]
    client = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        user=cell.user,
        group=cell.user,
        extra_groups=None if cell.user is None else [],
    )
    try:
        output, _ = client.communicate(timeout=cell.limit)
    except subprocess.TimeoutExpired:
        client.kill()
        output, _ = client.communicate()
        cell.fail(f"the client did not end within {cell.limit:.0f} s")
    lines = output.splitlines()
    cell.lines += lines
    cell.failures += [line for line in lines if line.startswith("FAILED ")]
    summary = SUMMARY.match(lines[-1]) if lines else None
    if summary:
        cell.passed += int(summary[1])
        cell.failed += int(summary[2])
        if (client.returncode == 0) != (summary[2] == "0"):
            cell.fail(f"the client ended with {client.returncode}")
    else:
        cell.fail(f"the client did not get to its end, and ended with {client.returncode}")


def certificates(folder: str) -> str:
    """Make the certificates of a cell's own, and answer where they are."""
    python = HOME.parent / ".venv/bin/python"
    place = Path(folder, "tls")
    place.mkdir()
    subprocess.run([python, HOME / "certificates.py", place], check=True)
    return str(place)


def run_cell(cell: Cell, case: str) -> Cell:
    """Run one cell from start to end, in a folder of its own."""
    begin = time.monotonic()
    mark = uuid.uuid4().hex
    with tempfile.TemporaryDirectory(prefix="interop") as folder:
        # Whatever temporary files its processes make are in the folder as well: so they can be seen.
        environment = {**os.environ, MARK: mark, "TMPDIR": folder}
        values = {
            "folder": folder,
            "name": "cell",
            "port": closed_port(),
            "command": f"{shlex.quote(str(HOME / 'server'))} {cell.server}",
        }
        if cell.transport.secure:
            environment["SAMEHOST_TLS"] = certificates(folder)
        address = cell.transport.client.format(**values)
        server = None
        if not cell.transport.spawns():
            server_address = cell.transport.server.format(**values)
            server = start_server(cell, server_address, environment)
        if server or cell.transport.spawns():
            run_client(cell, address, case, environment)
        if server:
            stop_server(cell, server, server_address)
        check_nothing_left(cell, mark)
    cell.seconds = time.monotonic() - begin
    return cell
