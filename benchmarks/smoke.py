"""Holds the benchmarks to their form: quick runs must give sane rows. Times are not looked at."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from plan import HOME

KEYS = {
    "system", "transport", "client", "server", "case", "size",
    "p50_us", "p99_us", "mean_us", "calls_per_s", "mb_per_s", "cpu_us_per_call",
}  # fmt: skip

NAMES = {
    "system": {
        "samehost", "grpc-java", "grpc-java-default", "tonic", "grpcio", "capnp", "iceoryx2", "jsonl", "raw",
    },
    "client": {"java", "rust", "python"},
    "server": {"java", "rust", "python"},
    "case": {"unary", "unary-8", "unary-64", "stream"},
}  # fmt: skip


def main() -> int:
    """Run each set of words given, and check what comes out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", metavar="ONLY:PEERS", help="such as shm,java-java,unary:raw,tonic")
    faults = []
    for words in parser.parse_args().runs:
        only, _, peers = words.partition(":")
        faults += run(only, peers or "none")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def run(only: str, peers: str) -> list[str]:
    """Make one quick run, and list what is wrong with its rows."""
    with tempfile.TemporaryDirectory(prefix="samehost-") as folder:
        rows_file, page = Path(folder) / "rows.json", Path(folder) / "page.html"
        flags = ["--only", only, "--peers", peers, "--quick", "--json", str(rows_file), "--page", str(page)]
        ended = subprocess.run([str(HOME / "run"), *flags], capture_output=True, text=True, check=False)
        if ended.returncode != 0:
            return [f"{only}:{peers}: exit {ended.returncode}\n{ended.stderr}"]
        rows = json.loads(rows_file.read_text(encoding="utf-8"))
        text = page.read_text(encoding="utf-8")
    systems = {row["system"] for row in rows}
    absent = {"samehost", *peers.split(",")} - {"none"} - systems
    faults = [f"{only}:{peers}: no row of {name}" for name in sorted(absent)]
    for row in rows:
        where = f"{row.get('system')} {row.get('transport')} {row.get('client')}-{row.get('server')}"
        if not row.keys() >= KEYS:
            faults.append(f"{where}: lacks {sorted(KEYS - row.keys())}")
            continue
        faults += [f"{where}: no such {key}" for key, names in NAMES.items() if row[key] not in names]
        if not 0 < row["p50_us_least"] <= row["p50_us"] <= row["p50_us_most"]:
            faults.append(f"{where}: the median of p50 lies outside of its spread")
        if not row["p50_us"] <= row["p99_us"] or row["calls_per_s"] <= 0 or row["cpu_us_per_call"] < 0:
            faults.append(f"{where}: numbers that cannot be: {row}")
        if row["system"] not in ended.stdout or row["system"] not in text:
            faults.append(f"{where}: is not in the table or not on the page")
    return faults


if __name__ == "__main__":
    sys.exit(main())
