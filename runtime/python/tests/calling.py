"""Shorthands of the tests: calls of bytes, and the errors of calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import pytest
from stubs import SERVICE

if TYPE_CHECKING:
    from collections.abc import Callable


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
