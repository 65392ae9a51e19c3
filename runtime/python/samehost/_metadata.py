"""Metadata of calls as gRPC's API shows it: pairs in order, with duplicates. Pure; knows no wire and no grpc.

A key that ends in `-bin` has a value of bytes, any other key a value of text. The wire carries both as they
are. What applications give, sequences of pairs or `grpc.aio.Metadata`, the native half takes as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Union

if TYPE_CHECKING:
    from collections.abc import Iterable

Pair = tuple[str, Union[str, bytes]]


class Metadatum(NamedTuple):
    """One pair, also by name: interceptors ask for `md.key` and `md.value`."""

    key: str
    value: str | bytes


Metadata = tuple[Metadatum, ...]


def incoming(pairs: tuple[Pair, ...]) -> Metadata:
    """Show pairs of the wire as an application expects them."""
    return tuple([Metadatum(key, value) for key, value in pairs]) if pairs else ()


def joined(metadata: Iterable[Pair] | None, more: tuple[Pair, ...]) -> Iterable[Pair] | None:
    """Put more pairs behind an application's own."""
    return (*(metadata or ()), *more) if more else metadata
