"""What the services of both surfaces answer with, and how they check what they were sent."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import grpc

from samehost_interop.stubs import control, messages

if TYPE_CHECKING:
    from collections.abc import Mapping

_CODES = {code.value[0]: code for code in grpc.StatusCode}
_NANOSECONDS = 1e9
# gRPC's own server says that of a call without a deadline, which is no infinity.
_CENTURY_SECONDS = 3e9


def wanted_status(request: Any) -> tuple[grpc.StatusCode, str] | None:
    """Tell which failure a request asks for, if it asks for one."""
    wanted = request.response_status
    return (_CODES.get(wanted.code, grpc.StatusCode.UNKNOWN), wanted.message) if wanted.code else None


def false_claim(request: Any, context: Any) -> str | None:
    """Hold what a request says of its compression against how it came; tell where it is wrong."""
    if not request.HasField("expect_compressed"):
        return None
    said, came = request.expect_compressed.value, context.request_was_compressed()
    return (
        None if said == came else f"the request {'was' if came else 'was not'} compressed, and says otherwise"
    )


def payload(size: int) -> Any:
    """Make a payload of so many bytes."""
    return messages.Payload(body=bytes(size))


def description(seconds_left: float | None, caller: Mapping[str, Any]) -> Any:
    """Say who serves, and what it knows of a call."""
    told = control.Description(language="python", pid=os.getpid())
    if seconds_left is not None and seconds_left < _CENTURY_SECONDS:
        told.deadline_nanos = int(seconds_left * _NANOSECONDS)
    known = {name: value[0].decode() for name, value in caller.items()}
    told.peer_address = known.get("address", "")
    for name in ("pid", "uid", "gid"):
        if name in known:
            setattr(told, f"peer_{name}", int(known[name]))
    return told
