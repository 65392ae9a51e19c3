"""Makes stock stubs of the tests' contract, in a folder of this run, for the tests and for their children."""

from __future__ import annotations

import atexit
import importlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[3]
_PROTO = _ROOT / "runtime/rust/tests/stubs/echo.proto"
# A child finds what its parent has made here.
_FOLDER = "SAMEHOST_TEST_STUBS"


def _made() -> str:
    folder = os.environ.get(_FOLDER)
    if folder is None:
        from grpc_tools import protoc  # type: ignore[import-untyped]  # noqa: PLC0415 slow, and needed once

        folder = tempfile.mkdtemp(prefix="samehost-stubs-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        outputs = [f"--{kind}_out={folder}" for kind in ("python", "grpc_python")]
        if protoc.main(["protoc", f"-I{_PROTO.parent}", *outputs, str(_PROTO)]) != 0:
            message = f"no stubs could be made of {_PROTO}"
            raise RuntimeError(message)
        os.environ[_FOLDER] = folder
    return folder


sys.path.append(_made())
echo_pb2: Any = importlib.import_module("echo_pb2")
echo_pb2_grpc: Any = importlib.import_module("echo_pb2_grpc")

Ask = echo_pb2.Ask
Answer = echo_pb2.Answer
Order = echo_pb2.Order
EchoStub = echo_pb2_grpc.EchoStub
SERVICE = "samehost.test.v1.Echo"
