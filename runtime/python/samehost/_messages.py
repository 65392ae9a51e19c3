"""From an application's messages to bytes and back, by the application's own functions.

What is said when these fail is the catalogue's. Knows no wire and no grpc.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, Optional

from samehost import _native

# The application's own; bytes are handed on as they are where there is none.
Serializer = Optional[Callable[[Any], bytes]]
Deserializer = Optional[Callable[[bytes], Any]]

CLIENT = "the client"
SERVER = "the server"


def serialized(message: object, serializer: Serializer, side: str) -> bytes:
    """Make bytes of a message of this side; without a serializer it is bytes already.

    Raises StatusError (INTERNAL) from whatever the serializer raises, and where it makes no bytes.
    """
    try:
        data = message if serializer is None else serializer(message)
        if data.__class__ is bytes:
            return data
        if not isinstance(data, (bytes, bytearray, memoryview)):
            problem = f"bytes are needed, not {type(data).__name__}"
            raise TypeError(problem)  # noqa: TRY301 it is told as the serializer's own
    except Exception as error:
        raise unencodable(error, side) from error
    return data if isinstance(data, bytes) else bytes(data)


def deserialized(data: bytes, deserializer: Deserializer, side: str) -> Any:
    """Make a message of bytes that the other side, `side`, has sent.

    Raises StatusError (INTERNAL) from whatever the deserializer raises.
    """
    if deserializer is None:
        return data
    try:
        return deserializer(data)
    except Exception as error:
        raise undecodable(error, side) from error


def unencodable(error: Exception, side: str) -> _native.StatusError:
    """Tell of a serializer of this side that has raised."""
    return _native.fault("message_unencodable", side, said_by(error))


def undecodable(error: Exception, side: str) -> _native.StatusError:
    """Tell of a deserializer that has raised over a message of the other side."""
    return _native.fault("message_undecodable", side, said_by(error))


def close(iterator: object) -> None:
    """Have a generator clean up now, where it is not read to its end, and not when it is collected."""
    if isinstance(iterator, Generator):
        iterator.close()


def said_by(error: BaseException) -> str:
    """Name an exception and give its text, in one line."""
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = ""
    name = type(error).__name__
    return f"{name}: {text}" if text else name
