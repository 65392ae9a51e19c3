"""Messages as JSON and back, by protobuf's own types. The native half imports this when JSON comes first."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

from samehost._status_error import StatusError

_INVALID_ARGUMENT, _UNIMPLEMENTED, _INTERNAL = 3, 12, 13


class _Method(NamedTuple):
    """A method's types, which are classes of messages."""

    request: Any
    response: Any
    is_unary: bool


@functools.cache
def _method(path: str) -> _Method:
    """Find a method among all that was imported; KeyError where there is none, which is not remembered."""
    # It may not be there, and has no types.
    from google.protobuf import descriptor_pool, message_factory  # type: ignore[import-untyped]  # noqa: PLC0415

    service, _, name = path[1:].rpartition("/")
    method = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
    return _Method(
        message_factory.GetMessageClass(method.input_type),
        message_factory.GetMessageClass(method.output_type),
        not (method.client_streaming or method.server_streaming),
    )


def _known(path: str) -> tuple[_Method, Any]:
    """Give a method's types, and what turns messages into JSON."""
    try:
        from google.protobuf import json_format  # noqa: PLC0415 as above

        return _method(path), json_format
    except ImportError as error:
        message = f"JSON needs the package protobuf, and here it is not: {error}; application/proto goes"
        raise StatusError(_UNIMPLEMENTED, message) from error
    except KeyError as error:
        message = f"{path} is in no contract that was imported here, so its messages cannot be JSON"
        raise StatusError(_UNIMPLEMENTED, message) from error


def is_unary(path: str) -> bool | None:
    """Tell whether a method takes one message and answers one; None where it is not known."""
    try:
        return _method(path).is_unary
    except (ImportError, KeyError):
        return None


def request(path: str, json: bytes) -> bytes:
    """Give the bytes of a request that is this JSON; StatusError where it is none."""
    method, json_format = _known(path)
    message = method.request()
    name = message.DESCRIPTOR.full_name
    if json.lstrip()[:1] in (b"[", b'"') and not name.startswith("google.protobuf."):
        # json_format takes it for an empty message.
        raise StatusError(_INVALID_ARGUMENT, f"the body is no JSON of {name}: it is no object")
    try:
        # A newer client may say more than this server knows.
        json_format.Parse(json.decode(), message, ignore_unknown_fields=True)
    except (json_format.Error, ValueError, TypeError, AttributeError) as error:
        raise StatusError(_INVALID_ARGUMENT, f"the body is no JSON of {name}: {error}") from error
    data: bytes = message.SerializeToString()
    return data


def response(path: str, message: bytes) -> bytes:
    """Give a response as JSON; StatusError where it cannot be."""
    method, json_format = _known(path)
    try:
        text: str = json_format.MessageToJson(
            method.response.FromString(message), indent=None, ensure_ascii=False
        )
    except Exception as error:
        name = method.response.DESCRIPTOR.full_name
        raise StatusError(_INTERNAL, f"the response cannot be JSON of {name}: {error}") from error
    return text.encode()
