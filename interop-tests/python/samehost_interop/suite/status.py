"""How a call has ended."""

from __future__ import annotations

from typing import NamedTuple

import grpc


class Status(NamedTuple):
    """How a call has ended."""

    code: grpc.StatusCode = grpc.StatusCode.OK
    details: str = ""


def shown(status: Status) -> str:
    """Show a status to people."""
    return f'{status.code.name} "{status.details}"'
