"""The clients before peers that misbehave: each alone, and then whether all say the same words."""

from __future__ import annotations

import os
import re
import tempfile
import time
import uuid
from pathlib import Path

from cells import HOME, MARK, Cell, Transport, check_nothing_left, run_client

NOBODY = 65534
OTHERS_MAY_READ = 0o005
NOWHERE = Transport("faults", "", "unix:/nowhere")


def run(client: str, limit: float) -> Cell:
    """Run all faults by one client language; as root, what only shows to others as another user."""
    cell = Cell(client, client, NOWHERE, limit)
    begin = time.monotonic()
    mark = uuid.uuid4().hex
    with tempfile.TemporaryDirectory(prefix="interop") as folder:
        environment = {**os.environ, MARK: mark, "TMPDIR": folder}
        run_client(cell, NOWHERE.client, "faults", environment)
        skipped = re.findall(r"^skipped (\w+): it needs unprivileged$", "\n".join(cell.lines), re.MULTILINE)
        if skipped and os.geteuid() == 0 and all_may_run(client):
            cell.lines = [line for line in cell.lines if not line.startswith("skipped ")]
            Path(folder).chmod(0o777)
            cell.user = NOBODY
            run_client(cell, NOWHERE.client, ",".join(skipped), {**environment, "HOME": folder})
        check_nothing_left(cell, mark)
    cell.seconds = time.monotonic() - begin
    return cell


def all_may_run(client: str) -> bool:
    """Tell whether another user can reach the programs at all, and what interprets them."""
    reached = [Path(__file__).resolve()]
    if client == "python":
        reached.append((HOME.parent / ".venv/bin/python").resolve())
    folders = {folder for file in reached for folder in file.parents}
    return all(folder.stat().st_mode & OTHERS_MAY_READ == OTHERS_MAY_READ for folder in folders)


def compare(cells: list[Cell]) -> None:
    """Hold the words of every client against those of the first."""
    if not cells:
        return
    first = words(cells[0])
    for cell in cells[1:]:
        for case, said in words(cell).items():
            if said != first.get(case):
                cell.fail(
                    f"FAILED {case}: {cells[0].client} says {first.get(case)}, but {cell.client} says {said}"
                )


def words(cell: Cell) -> dict[str, str]:
    """List what was said in each case, without what differs from run to run."""
    said: dict[str, str] = {}
    case = ""
    for line in cell.lines:
        if line.startswith("    "):
            text = re.sub(r"/[^\s']*/interop\w+/", "{folder}/", line.strip())
            said[case] = re.sub(r"\b(pid |127\.0\.0\.1:)\d+", r"\1N", text)
        elif " " in line:
            case = line.split()[1].rstrip(":")
    return said
