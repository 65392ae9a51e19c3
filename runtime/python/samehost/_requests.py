"""Sends the requests of a streaming call, from the application's iterator, on a thread of the call's own.

The iterator may wait as it likes, and the call may end in the meantime; so it has a thread.
"""

from __future__ import annotations

import contextvars
import logging
import threading
from typing import TYPE_CHECKING, Any

from samehost import _native
from samehost._messages import CLIENT, Serializer, close, said_by, serialized

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LOG = logging.getLogger("samehost")


def send_all(call: _native.Call, requests: Iterable[Any], serializer: Serializer) -> None:
    """Begin to send; the request ends where the iterator does.

    An iterator that raises ends the call with UNKNOWN, a serializer that raises with INTERNAL. The thread
    runs in a copy of this one's context, and does not keep the interpreter from ending.
    """
    context = contextvars.copy_context()
    threading.Thread(
        target=context.run,
        args=(_send, call, iter(requests), serializer),
        name="samehost-requests",
        daemon=True,
    ).start()


def _send(call: _native.Call, requests: Iterator[Any], serializer: Serializer) -> None:
    try:
        for request in requests:
            if not call.send(serialized(request, serializer, CLIENT)):
                return
    except _native.StatusError as error:
        call.cancel(error.text, error.code)
    except BaseException as error:
        fault = _native.fault("requests_failed", said_by(error))
        call.cancel(fault.text, fault.code)
        if not isinstance(error, Exception):
            raise
        _LOG.exception("the iterator of a call's requests raised")
    else:
        call.half_close()
    finally:
        close(requests)
