"""Finds who serves a method: registered handlers, generic ones, and the interceptors before them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Optional

import grpc

from samehost._metadata import Metadata, incoming

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from samehost import _native
    from samehost._types import RpcMethodHandler

    Find = Callable[[Any], Optional[RpcMethodHandler]]


class _Details(NamedTuple):
    method: str
    invocation_metadata: Metadata


class CallDetails(_Details, grpc.HandlerCallDetails):  # type: ignore[misc]  # the stubs know no named pairs
    """What interceptors and generic handlers are told of a call."""


class Services:
    """All that a server serves. Handlers may be added while it runs."""

    def __init__(
        self,
        handlers: Iterable[grpc.GenericRpcHandler],
        interceptors: Sequence[grpc.ServerInterceptor],
    ) -> None:
        self._registered: dict[str, RpcMethodHandler] = {}
        self._generic: list[grpc.GenericRpcHandler] = []
        self.add_generic(handlers)
        # The first interceptor is the outermost, so the last one is put around the handlers first.
        find: Find = self.served
        self._innermost = find
        for interceptor in reversed(interceptors):
            find = _intercepted(interceptor, find)
        self._outermost = find

    @property
    def is_intercepted(self) -> bool:
        """Whether interceptors are to be asked about each call."""
        return self._outermost is not self._innermost

    def add_generic(self, handlers: Iterable[grpc.GenericRpcHandler]) -> None:
        """Ask these too, in their order, who serves a method. AttributeError for one that cannot be asked."""
        handlers = list(handlers)
        for handler in handlers:
            if not hasattr(handler, "service"):
                message = f"{handler!r} is no grpc.GenericRpcHandler: it has no method `service`"
                raise AttributeError(message)
        self._generic.extend(handlers)

    def add_registered(
        self, service: str, handlers: Mapping[str, RpcMethodHandler]
    ) -> dict[str, RpcMethodHandler]:
        """Have these methods of the service served before generic handlers are asked; answer them by path."""
        by_path = {f"/{service}/{method}": handler for method, handler in handlers.items()}
        self._registered.update(by_path)
        return by_path

    def find(self, call: _native.ServerCall) -> RpcMethodHandler | None:
        """Find who serves the call; raises what an interceptor or a generic handler raises."""
        if not self.is_intercepted:
            registered = self._registered.get(call.path)
            if registered is not None:
                return registered
        return self._outermost(CallDetails(call.path, incoming(call.metadata)))

    def served(self, details: CallDetails) -> RpcMethodHandler | None:
        """Find the handler of a method, behind all interceptors."""
        registered = self._registered.get(details.method)
        if registered is not None:
            return registered
        for generic in self._generic:
            handler = generic.service(details)
            if handler is not None:
                return handler
        return None


def port_of(address: str) -> int:
    """Give the number of an address's port, or 1 where it has none, as grpcio does for Unix sockets."""
    scheme, _, rest = address.partition(":")
    return int(rest.rpartition(":")[2]) if scheme == "tcp" else 1


def _intercepted(interceptor: grpc.ServerInterceptor, inner: Find) -> Find:
    def find(details: Any) -> RpcMethodHandler | None:
        return interceptor.intercept_service(inner, details)

    return find
