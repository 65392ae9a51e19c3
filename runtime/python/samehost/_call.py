"""The objects that stand for a call in gRPC's API: one that is over, and one that may be open.

Each is a `grpc.Call` and a `grpc.Future` at once, and, where it can fail, its own `grpc.RpcError`. They look
at the native call, and hold no state of the call but what deserialising adds to it.
"""

from __future__ import annotations

import logging
import sys
import threading
from typing import TYPE_CHECKING, Any

import grpc

from samehost import _native
from samehost._messages import SERVER, Deserializer, deserialized
from samehost._metadata import Metadata, incoming
from samehost._status import Outcome
from samehost._types import Future

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from samehost._exit import Ending

_LOG = logging.getLogger("samehost")


class FinishedCall(grpc.Call, Future):
    """A unary call that is over: what `with_call` answers beside the response."""

    def __init__(self, outcome: Outcome, response: Any = None) -> None:
        super().__init__()
        self._outcome = outcome
        self._response = response

    def code(self) -> grpc.StatusCode:
        """Answer the status's code."""
        return self._outcome.code

    def details(self) -> str:
        """Answer the status's text."""
        return self._outcome.details

    def debug_error_string(self) -> str:
        """Answer the status in one line."""
        return f"{self._outcome.code.name}: {self._outcome.details}"

    def initial_metadata(self) -> Metadata:
        """Answer what the server sent before the response."""
        return self._outcome.initial_metadata

    def trailing_metadata(self) -> Any:
        """Answer what the server sent with the status."""
        return self._outcome.trailing_metadata

    def is_active(self) -> bool:
        """Answer no."""
        return False

    def time_remaining(self) -> Any:
        """Answer nothing: no deadline matters any more."""
        return None

    def add_callback(self, callback: Callable[[], None]) -> bool:
        """Answer no: the call is over, and the callback is not called."""
        del callback
        return False

    def cancel(self) -> bool:
        """Answer no: there is nothing to cancel."""
        return False

    def cancelled(self) -> bool:
        """Answer no."""
        return False

    def running(self) -> bool:
        """Answer no."""
        return False

    def done(self) -> bool:
        """Answer yes."""
        return True

    def result(self, timeout: float | None = None) -> Any:
        """Answer the response."""
        del timeout
        return self._response

    def exception(self, timeout: float | None = None) -> Exception | None:
        """Answer nothing: the call ended well."""
        del timeout
        return None

    def traceback(self, timeout: float | None = None) -> TracebackType | None:
        """Answer nothing: the call ended well."""
        del timeout
        return None

    def add_done_callback(self, fn: Callable[[Any], None]) -> None:
        """Call the callback at once, with this object."""
        fn(self)


class FailedCall(grpc.RpcError, FinishedCall):  # type: ignore[misc]  # the stubs of the two differ
    """A call that failed, as the exception that says so. It can be pickled."""

    def __init__(self, outcome: Outcome) -> None:
        FinishedCall.__init__(self, outcome)
        self.args = (outcome,)

    @classmethod
    def of(cls, outcome: _native.Outcome) -> FailedCall:
        """Make the exception from what the native half answered."""
        return cls(Outcome.of(outcome))

    def result(self, timeout: float | None = None) -> Any:
        """Raise this exception."""
        del timeout
        try:
            raise self
        finally:
            del self  # a traceback holds this frame, which would hold its own exception

    def exception(self, timeout: float | None = None) -> Exception | None:
        """Answer this exception."""
        del timeout
        return self

    def traceback(self, timeout: float | None = None) -> TracebackType | None:
        """Answer the traceback of this exception."""
        del timeout
        return _traceback_of(self)

    def __str__(self) -> str:
        return _told("FailedCall", self._outcome)

    __repr__ = __str__


class OpenCall(grpc.RpcError, grpc.Call, Future):
    """A call that may be open: the future of a unary response, or the iterator of a stream of them.

    Any thread may use it. What needs the end of the call waits for it; so, as in grpcio, does asking a call
    with unread responses for its code. Dropped before its end, the call is cancelled.
    """

    def __init__(
        self, call: _native.Call, deserializer: Deserializer, ending: Ending, *, streams: bool
    ) -> None:
        super().__init__()
        self._call = call
        self._deserializer = deserializer
        self._ending = ending
        self._streams = streams
        self._lock = threading.Lock()
        self._outcome: Outcome | None = None
        self._response: Any = None
        self._cancelled = False

    # grpc.RpcContext

    def is_active(self) -> bool:
        """Answer whether the end of the call is not known yet."""
        return not self._call.is_over()

    def time_remaining(self) -> Any:
        """Answer the seconds until the deadline, not below 0; nothing without one."""
        return self._call.time_left()

    def cancel(self) -> bool:
        """End the call; answer whether it was open."""
        with self._lock:
            done = self._call.cancel()
            self._cancelled = self._cancelled or done
        return done

    def add_callback(self, callback: Callable[[], None]) -> bool:
        """Have the callback called at the end of the call; answer no where it is over."""
        return self._call.add_done_callback(lambda: _call_back(callback))

    # grpc.Call

    def initial_metadata(self) -> Metadata:
        """Wait for what the server sends before the first response."""
        return incoming(self._call.headers())

    def trailing_metadata(self) -> Any:
        """Wait for what the server sends with the status."""
        return self._ended().trailing_metadata

    def code(self) -> grpc.StatusCode:
        """Wait for the status's code."""
        return self._ended().code

    def details(self) -> str:
        """Wait for the status's text."""
        return self._ended().details

    def debug_error_string(self) -> str:
        """Wait for the status; answer it in one line."""
        outcome = self._ended()
        return f"{outcome.code.name}: {outcome.details}"

    def response_was_compressed(self) -> bool:
        """Answer whether the last response came compressed: samehost's own, beyond gRPC's API."""
        return self._call.received_compressed()

    # grpc.Future

    def cancelled(self) -> bool:
        """Answer whether `cancel` ended the call."""
        return self._cancelled

    def running(self) -> bool:
        """Answer whether the end of the call is not known yet."""
        return not self._call.is_over()

    def done(self) -> bool:
        """Answer whether the end of the call is known."""
        return self._call.is_over()

    def result(self, timeout: float | None = None) -> Any:
        """Wait for the response, at most `timeout` seconds.

        Raises this object where the call failed, `grpc.FutureCancelledError` where `cancel` ended it, and
        `grpc.FutureTimeoutError` where the time is over.
        """
        error = self.exception(timeout)
        if error is not None:
            try:
                raise error
            finally:
                del self, error  # a traceback holds this frame, which would hold its own exception
        return self._response

    def exception(self, timeout: float | None = None) -> Exception | None:
        """Wait for the end of the call; answer this object where it failed. Otherwise as `result`."""
        outcome = self._ended(timeout)
        if self._cancelled:
            raise grpc.FutureCancelledError
        return None if outcome.is_ok else self

    def traceback(self, timeout: float | None = None) -> TracebackType | None:
        """Wait for the end of the call; answer the traceback of its failure. Otherwise as `result`."""
        return None if self.exception(timeout) is None else _traceback_of(self)

    def add_done_callback(self, fn: Callable[[Any], None]) -> None:
        """Have the callback called with this object, once, at the end of the call or at once."""
        if not self._call.add_done_callback(lambda: _call_back(fn, self)):
            fn(self)

    # The iterator

    def __iter__(self) -> OpenCall:
        return self

    def __next__(self) -> Any:
        """Wait for the next response; raise this object where the call fails."""
        data = self._call.receive()
        if data is not None:
            try:
                return deserialized(data, self._deserializer, SERVER)
            except _native.StatusError as error:
                self._call.cancel(error.text, error.code)
                with self._lock:
                    self._outcome = Outcome.failed(error)
                self.__cause__ = error
        if self._ended().is_ok:
            raise StopIteration
        try:
            raise self
        finally:
            del self  # a traceback holds this frame, which would hold its own exception

    next = __next__

    def __str__(self) -> str:
        name = "OpenCall"
        return _told(name, self._ended()) if self._call.is_over() else f"<{name} of RPC that is open>"

    __repr__ = __str__

    def _ended(self, timeout: float | None = None) -> Outcome:
        outcome = self._outcome
        if outcome is not None:
            return outcome
        native = self._call.outcome(timeout)
        if native is None:
            raise grpc.FutureTimeoutError
        with self._lock:
            if self._outcome is None:
                self._outcome = self._with_response(native)
            return self._outcome

    def _with_response(self, native: _native.Outcome) -> Outcome:
        outcome = Outcome.of(native)
        if outcome.is_ok and not self._streams and native.message is not None:
            try:
                self._response = deserialized(native.message, self._deserializer, SERVER)
            except _native.StatusError as error:
                return Outcome.failed(error)._replace(initial_metadata=outcome.initial_metadata)
        return outcome


def ended(call: _native.Call) -> Outcome:
    """Wait for the outcome of a call."""
    outcome = call.outcome()
    if outcome is None:
        raise AssertionError  # only a limited time can be over
    return Outcome.of(outcome)


def _call_back(callback: Callable[..., object], *arguments: object) -> None:
    try:
        callback(*arguments)
    except Exception:
        _LOG.exception("a callback of a call raised")


def _traceback_of(error: Exception) -> TracebackType | None:
    try:
        raise error  # noqa: TRY301 that is how it gets one
    except Exception:
        return sys.exc_info()[2]


def _told(name: str, outcome: Outcome) -> str:
    """Tell of a call as grpcio does: logs are searched for these words."""
    return (
        f'<{name} of RPC that terminated with:\n\tstatus = {outcome.code}\n\tdetails = "{outcome.details}"\n>'
    )
