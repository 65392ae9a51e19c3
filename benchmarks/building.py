"""Builds the programs that the benchmarks start, where they are missing or older than their sources."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from plan import HOME
from running import BrokenError

ROOT = HOME.parent
# What make bench-programs leaves behind when all is built: an empty file as old as its sources may be.
STAMP = ROOT / "target/benchmarks-programs"
SOURCES = ("pom.xml", "Cargo.toml", "scripts", "proto", "transports", "runtime", "benchmarks")
SUFFIXES = {".java", ".rs", ".py", ".pyi", ".proto", ".capnp", ".toml", ".xml", ".txt"}
NO_SOURCES = ("/src/test/", "/tests/", "/testkit/")


def build() -> None:
    """Build what has to be built; whoever asks for another build than the usual one has made it."""
    if "SAMEHOST_BENCHMARKS_BUILD" in os.environ or current():
        return
    print("building the programs: make bench-programs", file=sys.stderr, flush=True)
    if subprocess.run(["make", "-C", ROOT, "bench-programs"], stdout=sys.stderr, check=False).returncode:
        message = "the programs could not be built"
        raise BrokenError(message)


def current() -> bool:
    """Tell whether all was built since the sources changed last."""
    if not STAMP.exists():
        return False
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *SOURCES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    built = STAMP.stat().st_mtime
    sources = [ROOT / name for name in listed.stdout.splitlines() if counts(name)]
    return all(source.stat().st_mtime <= built for source in sources if source.is_file())


def counts(name: str) -> bool:
    """Tell whether a file is a source of the programs; the driver and the tests are not."""
    path = Path(name)
    if path.suffix not in SUFFIXES or any(part in name for part in NO_SOURCES):
        return False
    return path.parent != Path("benchmarks")
