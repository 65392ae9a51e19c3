"""The servers before clients of other versions, and before a broken one: all must say the same words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cells import HOME, MARK, Cell, Transport, check_nothing_left, start_server, stop_server
from faults import words

PEERS = HOME / "peers"
VISIT_SECONDS = 120


def visits() -> list[dict[str, Any]]:
    """Read what visits there are."""
    every: list[dict[str, Any]] = json.loads((HOME / "suites/visits.json").read_text(encoding="utf-8"))
    return every


def run(server: str, transport: Transport) -> Cell:
    """Pay every visit to a server of one language over one transport."""
    cell = Cell("visitor", server, transport, VISIT_SECONDS)
    begin = time.monotonic()
    mark = uuid.uuid4().hex
    with tempfile.TemporaryDirectory(prefix="interop") as folder:
        environment = {**os.environ, MARK: mark, "TMPDIR": folder}
        values = {"folder": folder, "name": "visited", "command": f"'{HOME / 'server'}' {server}"}
        address = transport.client.format(**values)
        server_address = transport.server.format(**values)
        started = None if transport.spawns() else start_server(cell, server_address, environment)
        if started or transport.spawns():
            for visit in visits():
                if transport.name in visit["over"]:
                    pay(cell, visit["name"], [*visit["visit"], "--address", address], environment)
        if started:
            stop_server(cell, started, server_address)
        check_nothing_left(cell, mark)
    cell.seconds = time.monotonic() - begin
    return cell


def pay(cell: Cell, name: str, arguments: list[str], environment: dict[str, str]) -> None:
    """Pay one visit, and note how it went and what the server said."""
    visit = subprocess.run(
        [sys.executable, str(PEERS / arguments[0]), *arguments[1:]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        timeout=VISIT_SECONDS,
        check=False,
    )
    if visit.returncode == 0:
        cell.passed += 1
        cell.lines.append(f"ok {name}")
        cell.lines += [f"    {line}" for line in visit.stdout.splitlines()]
    else:
        cell.fail(f"FAILED {name}: {visit.stdout.strip()}")


def run_all(servers: list[str], transports: list[Transport], at_once: int) -> list[Cell]:
    """Visit the servers of these languages, and hold the words of each against those of the first."""
    over = {name for visit in visits() for name in visit["over"]}
    spoken = [transport for transport in transports if transport.name in over]
    visited = [(server, transport) for server in servers for transport in spoken]
    with ThreadPoolExecutor(at_once) as jobs:
        cells = list(jobs.map(lambda pair: run(*pair), visited))
    for cell in cells[1:]:
        for name, said in words(cell).items():
            first = words(cells[0]).get(name)
            if said != first:
                cell.fail(f"FAILED {name}: {cells[0].server} says {first}, but {cell.server} says {said}")
    return cells
