"""What a client's channels are made of: samehost, or gRPC as it is without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import grpc
import grpc.aio
import samehost
import samehost.aio

from samehost_interop import grpcio, secret
from samehost_interop.server.aio.services import Services as ServicesOfLoop
from samehost_interop.server.services import Services
from samehost_interop.suite import Mismatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from samehost_interop.suite import Limits


class Stack(Protocol):
    """Makes channels to an address, with limits. With `offers` they offer the services of the tests."""

    def of_threads(self, address: str, limits: Limits | None, *, offers: bool) -> grpc.Channel:
        """Make one for threads. ValueError for a wrong address."""

    def of_loop(self, address: str, limits: Limits | None, *, offers: bool) -> Any:
        """Make one for the loop, on which this is called."""


class Samehost:
    """Channels of samehost."""

    def of_threads(self, address: str, limits: Limits | None, *, offers: bool) -> grpc.Channel:
        """Make one for threads. ValueError for a wrong address."""
        if offers:
            channel: grpc.Channel = _offering(samehost.channel, Services(), address, _named(address, limits))
            return channel
        return samehost.channel(address, **_named(address, limits))

    def of_loop(self, address: str, limits: Limits | None, *, offers: bool) -> Any:
        """Make one for the loop, on which this is called."""
        if offers:
            return _offering(samehost.aio.channel, ServicesOfLoop(), address, _named(address, limits))
        return samehost.aio.channel(address, **_named(address, limits))


class Grpcio:
    """gRPC's own channels, which speak HTTP/2 and offer nothing."""

    def of_threads(self, address: str, limits: Limits | None, *, offers: bool) -> grpc.Channel:
        """Make one for threads."""
        arguments = _arguments(address, limits, offers=offers)
        credentials = secret.of_stock_client(address)
        if credentials:
            return grpc.secure_channel(arguments[0], credentials, arguments[1])
        return grpc.insecure_channel(*arguments)

    def of_loop(self, address: str, limits: Limits | None, *, offers: bool) -> Any:
        """Make one for the loop, on which this is called."""
        arguments = _arguments(address, limits, offers=offers)
        credentials = secret.of_stock_client(address)
        if credentials:
            return grpc.aio.secure_channel(arguments[0], credentials, arguments[1])
        return grpc.aio.insecure_channel(*arguments)


STACKS: dict[str, Stack] = {"python": Samehost(), "grpcio": Grpcio()}
"""Each by the name that the matrix has for it."""


def _offering(make: Callable[..., Any], services: Any, address: str, options: Any) -> Any:
    """Make a channel that offers services."""
    made = make(address, server_interceptors=services.interceptors, **options)
    services.add_to(made)
    return made


def _named(address: str, limits: Limits | None) -> Any:
    """Name the options of a channel that has these limits, and credentials where there are some."""
    credentials = secret.of_client(address)
    if limits is None:
        return {"credentials": credentials}
    named = {
        "credentials": credentials,
        "max_inbound_message_size": limits.max_message_bytes,
        "max_inbound_metadata_size": limits.max_metadata_bytes,
        "connect_timeout": _seconds(limits.connect_timeout_ms),
        "hello_timeout": _seconds(limits.hello_timeout_ms),
    }
    return {name: value for name, value in named.items() if value is not None}


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _arguments(address: str, limits: Limits | None, *, offers: bool) -> tuple[str, Any]:
    if offers:
        message = "a channel of gRPC offers no services"
        raise Mismatch(message)
    if limits is None:
        return grpcio.target(address), grpcio.options()
    return grpcio.target(address), grpcio.options(limits.max_message_bytes, limits.max_metadata_bytes)
