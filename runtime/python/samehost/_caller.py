"""The channel from a handler to its caller: calls back, over the connection that its call came by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from samehost import _exit, _native, _telemetry
from samehost._channel import BaseChannel
from samehost._options import gzip_asked

if TYPE_CHECKING:
    import grpc


class CallerChannel(BaseChannel):
    """The way back over one connection, for as long as that takes calls. It never makes one.

    It may be kept after the call, and be used by any thread. Once the connection has ended, calls fail with
    UNAVAILABLE at once, whether they wait for a connection or not.
    """

    def __init__(self, native: _native.Channel, compression: grpc.Compression | None) -> None:
        # What ends when the interpreter does is the server.
        super().__init__(native, _exit.Ending(native.close), gzip=gzip_asked(compression))

    def close(self) -> None:
        """Tell this object's subscribers no more, and nothing else: the connection is the caller's."""
        self._subscribers.clear()


def caller(context: grpc.ServicerContext, compression: grpc.Compression | None = None) -> grpc.Channel:
    """Give a handler the channel to its caller, by the context of its call.

    The caller answers with the services that its own channel offers, or with UNIMPLEMENTED. The channel is
    cheap, and of no use to be closed: to do so, or to drop it, ends nothing. Where OpenTelemetry's gRPC
    instrumentation of clients is on, it is told of this channel too. Raises TypeError where the call did not
    come over samehost; for a coroutine's context there is `samehost.aio.caller`.
    """
    native = native_caller(context)
    if not isinstance(native, _native.Channel):
        message = f"{type(context).__name__} is of no call that samehost.caller can call back"
        raise TypeError(message)
    return _telemetry.of_channel(lambda: CallerChannel(native, compression), native.address)


def native_caller(context: object) -> Any:
    """Ask a context, which others may be around, for the native channel; nothing where it has none."""
    ask = getattr(context, "_native_caller", None)
    return None if ask is None else ask()
