"""Call credentials add to the metadata of their call, whichever kind it is, and say how they fail."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from calling import PATIENCE, call, error_of, unary
from stubs import SERVICE, Ask, EchoStub

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Any]


class Plugin(grpc.AuthMetadataPlugin):
    """Adds what it was asked for, at once or from a thread of its own."""

    def __init__(self, *, later: bool = False) -> None:
        self._later = later

    def __call__(self, context: Any, callback: Any) -> None:
        metadata = (("asked", f"{context.service_url} {context.method_name}"), ("seal-bin", b"\x00"))
        if self._later:
            threading.Timer(0.01, callback, [metadata, None]).start()
        else:
            callback(metadata, None)


def told(_: bytes, context: Any) -> bytes:
    """Answer the metadata."""
    return repr([tuple(pair) for pair in context.invocation_metadata()]).encode()


@pytest.mark.parametrize("later", [False, True])
def test_a_plugin_adds_metadata_behind_the_call_s_own(serve: Serve, later: bool) -> None:
    credentials = grpc.metadata_call_credentials(Plugin(later=later))
    method = serve(unary(told)).unary_unary(f"/{SERVICE}/Say")
    expected = [("k", "v"), ("asked", f"https://localhost/{SERVICE} Say"), ("seal-bin", b"\x00")]
    metadata = (("k", "v"),)
    assert method(b"", metadata=metadata, credentials=credentials) == repr(expected).encode()
    assert method.with_call(b"", metadata=metadata, credentials=credentials)[0] == repr(expected).encode()
    future = method.future(b"", metadata=metadata, credentials=credentials)
    assert future.result(PATIENCE) == repr(expected).encode()


def test_composite_credentials_add_all_in_order(serve: Serve) -> None:
    credentials = grpc.composite_call_credentials(
        grpc.access_token_call_credentials("token"), grpc.metadata_call_credentials(Plugin())
    )
    got = call(serve(unary(told)), credentials=credentials)
    assert got.startswith(b"[('authorization', 'Bearer token'), ('asked', ")


def test_a_plugin_that_fails_fails_the_call_with_its_reason(serve: Serve) -> None:
    def refusing(_: Any, callback: Any) -> None:
        callback(None, LookupError("no key"))

    def raising(_: Any, callback: Any) -> None:
        reason = "no key"
        raise LookupError(reason, callback)

    channel = serve()
    for plugin in (refusing, raising):
        credentials = grpc.metadata_call_credentials(plugin)  # type: ignore[arg-type]
        for begin in (
            lambda credentials=credentials: EchoStub(channel).Say(Ask(), credentials=credentials),
            lambda credentials=credentials: EchoStub(channel).Repeat(Ask(), credentials=credentials),
        ):
            error = error_of(begin)
            assert error.code() is grpc.StatusCode.UNAVAILABLE
            assert error.details().startswith("the credentials of the call failed: ")
            assert "no key" in error.details()


def test_a_plugin_that_says_nothing_is_waited_for_until_the_deadline(serve: Serve) -> None:
    credentials = grpc.metadata_call_credentials(lambda *_: None)  # type: ignore[arg-type]
    error = error_of(lambda: EchoStub(serve()).Say(Ask(), credentials=credentials, timeout=0.05))
    assert error.details() == "the credentials of the call failed: no answer within 0.05 s."
