"""How a call of a client has ended, and the exception that says so. Knows no loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Union

import grpc.aio

from samehost import _native
from samehost._status import code_of

if TYPE_CHECKING:
    from samehost._metadata import Pair

CANCELLED = 1


class Failure(NamedTuple):
    """The end of a call that the native half did not tell, with the names that it uses."""

    code: int
    text: str
    headers: tuple[Pair, ...] = ()
    trailers: tuple[Pair, ...] = ()
    message: None = None


Ended = Union[_native.Outcome, Failure]


def failure(error: _native.StatusError, behind: Ended | None = None) -> Failure:
    """Tell of an error of this side's own, with the metadata of the call that it is about."""
    if behind is None:
        return Failure(error.code, error.text)
    return Failure(error.code, error.text, behind.headers, behind.trailers)


def cancelled() -> Failure:
    """Tell of a call that the application has cancelled."""
    return failure(_native.fault("call_cancelled", "no longer needed"))


def debug_text(ended: Ended) -> str:
    """Tell of it in one line."""
    return f"{code_of(ended.code).name}: {ended.text}"


def rpc_error(ended: Ended) -> grpc.aio.AioRpcError:
    """Make the exception that an application catches."""
    return grpc.aio.AioRpcError(
        code_of(ended.code),
        grpc.aio.Metadata(*ended.headers),
        grpc.aio.Metadata(*ended.trailers),
        ended.text,
        debug_text(ended),
    )
