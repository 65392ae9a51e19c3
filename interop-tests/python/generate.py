"""Makes the stock stubs of the interop services, into target/: generate.py, with grpcio-tools installed.

All files go into one package of their own, `protos`: by their paths they would be in grpc and samehost.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from grpc_tools import protoc  # type: ignore[import-untyped]

HERE = Path(__file__).resolve().parent
PROTO = HERE.parents[1] / "proto"
FILES = (
    "grpc/testing/empty.proto",
    "grpc/testing/messages.proto",
    "grpc/testing/test.proto",
    "samehost/testing/control.proto",
)
TARGET = HERE / "target"


def main() -> int:
    """Copy the contracts and have them compiled."""
    copies = TARGET / "contracts" / "protos"
    shutil.rmtree(TARGET, ignore_errors=True)
    copies.mkdir(parents=True)
    for name in FILES:
        text = (PROTO / name).read_text(encoding="utf-8")
        moved = re.sub(r'^import "[\w/]*/(\w+\.proto)";', r'import "protos/\1";', text, flags=re.MULTILINE)
        (copies / Path(name).name).write_text(moved, encoding="utf-8")
    outputs = [f"--{kind}_out={TARGET}" for kind in ("python", "grpc_python")]
    files = [str(path) for path in sorted(copies.iterdir())]
    return int(protoc.main(["protoc", f"-I{copies.parent}", *outputs, *files]))


if __name__ == "__main__":
    sys.exit(main())
