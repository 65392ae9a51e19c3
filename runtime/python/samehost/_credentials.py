"""Call credentials: what a `grpc.CallCredentials` adds to a call's metadata. Knows no wire.

gRPC sends credentials over safe connections alone. Every connection here stays on the host and knows the
user at its other end, so they are sent.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any, Union

from samehost import _metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import grpc

_LOG = logging.getLogger("samehost")

# What a plugin's answer is: metadata, or why there is none.
Answer = Union[tuple[_metadata.Pair, ...], Exception]


class CredentialsError(Exception):
    """The plugin of the credentials failed; the text says how."""


def _plugins(credentials: grpc.CallCredentials) -> Iterator[Callable[..., Any]]:
    """Find the plugins in credentials: gRPC keeps them behind an object of its C core."""
    waiting = [getattr(credentials, "_credentials", credentials)]
    while waiting:
        core = waiting.pop(0)
        parts: Sequence[object] = getattr(core, "_call_credentialses", ())
        waiting[:0] = parts
        plugin = getattr(core, "_metadata_plugin", None)
        if plugin is not None:
            yield plugin
        elif not parts:
            message = f"{type(core).__name__} are credentials of a kind that is not known here"
            raise CredentialsError(message)


def start(credentials: grpc.CallCredentials, path: str, deliver: Callable[[Answer], None]) -> None:
    """Ask every plugin for its metadata, and deliver it all once the last one has answered.

    `deliver` is called once, on this thread or on one of a plugin's own.
    """
    service, _, method = path.lstrip("/").partition("/")
    try:
        plugins = list(_plugins(credentials))
    except CredentialsError as error:
        deliver(error)
        return
    gathered: list[_metadata.Pair] = []

    def ask(index: int) -> None:
        if index == len(plugins):
            deliver(tuple(gathered))
            return

        def answered(metadata: Any, code: Any, details: bytes | None) -> None:
            del code
            if details is not None or metadata is None:
                deliver(CredentialsError((details or b"no metadata").decode("utf-8", "replace")))
                return
            try:
                gathered.extend((key, value) for key, value in metadata)
            except Exception as error:
                deliver(error)
                return
            ask(index + 1)

        plugins[index](f"https://localhost/{service}", method, answered)

    ask(0)


def metadata_of(
    credentials: grpc.CallCredentials | None, path: str, timeout: float | None
) -> tuple[_metadata.Pair, ...]:
    """Wait for the metadata of credentials, at most `timeout` seconds.

    Raises CredentialsError where a plugin fails or says nothing in time.
    """
    if credentials is None:
        return ()
    answers: list[Answer] = []
    answered = threading.Event()

    def deliver(answer: Answer) -> None:
        answers.append(answer)
        answered.set()

    start(credentials, path, deliver)
    if not answered.wait(None if timeout is None else min(timeout, threading.TIMEOUT_MAX)):
        message = f"no answer within {timeout} s"
        raise CredentialsError(message)
    answer = answers[0]
    if isinstance(answer, CredentialsError):
        raise answer
    if isinstance(answer, Exception):
        _LOG.debug("credentials of a call to %s failed", path, exc_info=answer)
        message = f"{type(answer).__name__}: {answer}"
        raise CredentialsError(message)
    return answer
