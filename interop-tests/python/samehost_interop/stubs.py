"""The stock stubs of the interop services, as `generate.py` has made them."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1] / "target"))

control: Any = importlib.import_module("protos.control_pb2")
control_grpc: Any = importlib.import_module("protos.control_pb2_grpc")
messages: Any = importlib.import_module("protos.messages_pb2")
# The services' descriptors, which JSON asks for: their stubs import those of the messages alone.
importlib.import_module("protos.test_pb2")
testing_grpc: Any = importlib.import_module("protos.test_pb2_grpc")
Empty: Any = importlib.import_module("protos.empty_pb2").Empty
