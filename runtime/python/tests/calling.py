"""Shorthands of the tests: calls of bytes, the errors of calls, the addresses of children."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from stubs import SERVICE

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).resolve().parent

# A machine may be busy: what is waited for comes at once or is a failure.
PATIENCE = 30


def unary(function: Callable[[bytes, grpc.ServicerContext], Any]) -> dict[str, Any]:
    """Make a handler of bytes."""
    return {"Say": grpc.unary_unary_rpc_method_handler(function)}


def call(channel: Any, data: Any = b"", method: str = "Say", **options: Any) -> Any:
    """Call a method of bytes."""
    return channel.unary_unary(f"/{SERVICE}/{method}")(data, **options)


def error_of(call: Callable[[], Any]) -> Any:
    """Give the error that a call fails with."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value


def child_address(program: str, *arguments: str) -> str:
    """Give the address of a child that runs a program of this folder."""
    words = [sys.executable, "-m", "samehost.child", str(HERE / program), *arguments]
    return "stdio:" + " ".join(words)
