"""Status codes and outcomes of calls, for both gRPC surfaces. Imports grpc; knows no wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import grpc

from samehost._metadata import Metadata, incoming

if TYPE_CHECKING:
    from samehost import _native

_CODES: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}
# To ask an enum for a member costs as much as four calls.
OK, _UNKNOWN = grpc.StatusCode.OK, grpc.StatusCode.UNKNOWN


def code_of(number: int) -> grpc.StatusCode:
    """Give the code of this number; UNKNOWN for a number that is none."""
    return _CODES.get(number, _UNKNOWN)


def number_of(code: object) -> int:
    """Give the number of a code; that of UNKNOWN for what is no `grpc.StatusCode`, as grpcio does."""
    return int((code if isinstance(code, grpc.StatusCode) else _UNKNOWN).value[0])


class Outcome(NamedTuple):
    """How a call ended, with the metadata that came before and after its messages."""

    code: grpc.StatusCode
    details: str
    initial_metadata: Metadata = ()
    trailing_metadata: Metadata = ()

    @classmethod
    def of(cls, outcome: _native.Outcome) -> Outcome:
        """Show what the native half answered."""
        return cls(code_of(outcome.code), outcome.text, incoming(outcome.headers), incoming(outcome.trailers))

    @classmethod
    def failed(cls, error: _native.StatusError) -> Outcome:
        """Show a failure that no peer has a part in."""
        return cls(code_of(error.code), error.text)

    @property
    def is_ok(self) -> bool:
        """Whether the call ended well."""
        return self.code is OK
