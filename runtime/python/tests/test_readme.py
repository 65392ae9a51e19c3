"""The Python of the READMEs, seen by the type checker: what it calls is there, and takes what it is given."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
READMES = ["README.md", "runtime/python/README.md"]

# What the pieces take for granted.
GIVEN = """
from typing import Any

import grpc
import samehost

greeter_pb2: Any
greeter_pb2_grpc: Any
host_pb2: Any
host_pb2_grpc: Any
plugin_pb2: Any
plugin_pb2_grpc: Any
request: Any
key: bytes
chain: bytes
authority: bytes
own_key: bytes
own_chain: bytes


class Greetings: ...


class Host: ...
"""


def source(readme: str) -> str:
    """Make a program of a README, whose pieces stay in their lines, each in a function of its own."""
    lines: list[str] = []
    inside = False
    for line in (ROOT / readme).read_text().splitlines():
        if line == "```python":
            inside = True
            lines.append(f"async def piece_{len(lines)}():")
        elif line == "```":
            inside = False
            lines.append("")
        else:
            lines.append(f"    {line}" if inside else "")
    lines[0] = "from given import *"
    return "\n".join(lines) + "\n"


def test_every_piece_is_right(tmp_path: Path) -> None:
    (tmp_path / "given.py").write_text(GIVEN)
    for readme in READMES:
        text = source(readme)
        assert "async def" in text, readme
        (tmp_path / f"{readme.replace('/', '_').removesuffix('.md')}.py").write_text(text)
    flags = ["--config-file=", "--check-untyped-defs", "--no-error-summary", "--hide-error-context"]
    program = [sys.executable, "-m", "mypy", *flags, f"--cache-dir={ROOT}/target/mypy-readme", "."]
    environment = {**os.environ, "MYPYPATH": f"{ROOT}/runtime/python"}
    done = subprocess.run(program, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
