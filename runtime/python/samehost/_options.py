"""The options of channels and servers: their types, and what gRPC's channel arguments come to. Knows no wire.

Each option's meaning and unit stand with `samehost._native.Channel` and `samehost._native.Server`, which
check them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

import grpc

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from samehost import _native

_LARGEST_MESSAGE = 2**31 - 1
_GZIP = grpc.Compression.Gzip
_METADATA_BYTES = (256, 32_768)


class ChannelOptions(TypedDict, total=False):
    """What a channel can be told by name; sizes in bytes, times in seconds."""

    max_inbound_message_size: int
    max_inbound_metadata_size: int
    initial_credit: int
    spin_limit: float
    connect_timeout: float
    backoff: float
    longest_backoff: float
    hello_timeout: float
    wait_for_ready: bool
    ring_bytes: int
    strict: bool
    plain_text_beyond_host: bool
    arguments: Sequence[str | os.PathLike[str]]
    environment: Mapping[str, str]
    folder: str | os.PathLike[str]
    grace: float
    noise_limit: int
    stderr_lines: Callable[[str], object]
    credentials: _native.ChannelCredentials | None
    server_name: str


class ServerOptions(TypedDict, total=False):
    """What a server can be told by name; sizes in bytes, times in seconds."""

    max_inbound_message_size: int
    max_inbound_metadata_size: int
    initial_credit: int
    spin_limit: float
    max_concurrent_calls: int
    hello_timeout: float
    allowed_users: Iterable[int]
    any_user: bool
    ring_bytes: int
    plain_text_beyond_host: bool
    exit_with_host: bool
    exit_grace: float


def _message_size(value: int) -> int:
    return _LARGEST_MESSAGE if value < 0 else value


def _metadata_size(value: int) -> int:
    least, most = _METADATA_BYTES
    return min(max(value, least), most)


def _seconds(milliseconds: int) -> float:
    return milliseconds / 1000


_BOTH: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "grpc.max_receive_message_length": ("max_inbound_message_size", _message_size),
    "grpc.max_metadata_size": ("max_inbound_metadata_size", _metadata_size),
    "grpc.absolute_max_metadata_size": ("max_inbound_metadata_size", _metadata_size),
}
_OF_CHANNELS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    **_BOTH,
    "grpc.initial_reconnect_backoff_ms": ("backoff", _seconds),
    "grpc.max_reconnect_backoff_ms": ("longest_backoff", _seconds),
    "grpc.ssl_target_name_override": ("server_name", str),
}
_OF_SERVERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    **_BOTH,
    "grpc.max_concurrent_streams": ("max_concurrent_calls", int),
}


def of_channel(arguments: Sequence[tuple[str, Any]] | None, options: ChannelOptions) -> ChannelOptions:
    """Join gRPC's channel arguments and options by name; the latter win.

    Arguments that have no meaning inside a host, such as those of keep-alive, do nothing.
    """
    told: dict[str, Any] = {**_translated(arguments, _OF_CHANNELS), **options}
    first, longest = told.get("backoff"), told.get("longest_backoff")
    if "longest_backoff" not in options and first is not None and longest is not None and longest < first:
        told["longest_backoff"] = first
    return told  # type: ignore[return-value]  # its keys are those of the table


def of_server(arguments: Sequence[tuple[str, Any]] | None, options: ServerOptions) -> ServerOptions:
    """Join gRPC's server arguments and options by name; the latter win. As `of_channel` otherwise."""
    return {**_translated(arguments, _OF_SERVERS), **options}  # type: ignore[typeddict-item]  # as above


def _translated(
    arguments: Sequence[tuple[str, Any]] | None, table: Mapping[str, tuple[str, Callable[[Any], Any]]]
) -> dict[str, Any]:
    translated = {}
    for name, value in arguments or ():
        if name in table:
            option, convert = table[name]
            translated[option] = convert(value)
    return translated


def gzip_asked(compression: grpc.Compression | None, default: bool = False) -> bool:
    """Whether messages are to be compressed. gzip is the one method; for any other they stay as they are."""
    return default if compression is None else compression is _GZIP
