"""The clients that Python has, by the system's name; a new one joins here."""

from __future__ import annotations

import base64
import json
import shlex
import subprocess
from abc import ABC, abstractmethod
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LARGEST_MESSAGE = 64 << 20

CACHE_LINE = 64


class Echo(ABC):
    """What a client can do: the calls that are measured."""

    @abstractmethod
    def unary(self, size: int) -> None:
        """Make one call and wait for its answer."""

    @abstractmethod
    def start(self, size: int, ended: Callable[[BaseException | None], None]) -> None:
        """Start a call, and tell of its end."""

    @abstractmethod
    def stream(self, size: int, messages: int) -> Iterator[None]:
        """Read a stream, and give a step for each message."""


class StubEcho(Echo):
    """Calls by grpcio's stock stubs, over whichever channel."""

    def __init__(self, channel: Any) -> None:
        """Take the channel."""
        self._messages: Any = import_module("echo_pb2")
        self._stub = import_module("echo_pb2_grpc").EchoStub(channel)

    def unary(self, size: int) -> None:
        """Make one call."""
        check(len(self._stub.Unary(self._messages.Payload(body=bytes(size))).body), size)

    def start(self, size: int, ended: Callable[[BaseException | None], None]) -> None:
        """Start a call as a future."""
        future = self._stub.Unary.future(self._messages.Payload(body=bytes(size)))
        future.add_done_callback(lambda call: ended(call.exception()))

    def stream(self, size: int, messages: int) -> Iterator[None]:
        """Read a stream."""
        for message in self._stub.Stream(self._messages.Wanted(size=size, messages=messages)):
            check(len(message.body), size)
            # Every cache line is read.
            _ = message.body[::CACHE_LINE]
            yield


class LinesEcho(Echo):
    """Lines of JSON over a child's pipes, written by hand; bytes are base64, as JSON has none."""

    def __init__(self, command: str) -> None:
        """Start the child."""
        child = subprocess.Popen(shlex.split(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if child.stdin is None or child.stdout is None:
            message = "the child has no pipes"
            raise ValueError(message)
        self._to, self._from = child.stdin, child.stdout

    def unary(self, size: int) -> None:
        """Make one call."""
        line = json.dumps({"body": base64.b64encode(bytes(size)).decode()}) + "\n"
        self._to.write(line.encode())
        self._to.flush()
        answer = json.loads(self._from.readline())
        check(len(base64.b64decode(answer["body"])), size)

    def start(self, size: int, ended: Callable[[BaseException | None], None]) -> None:
        """Refuse."""
        raise NotImplementedError

    def stream(self, size: int, messages: int) -> Iterator[None]:
        """Refuse."""
        raise NotImplementedError


def check(answered: int, size: int) -> None:
    """Fail where an answer has the wrong size."""
    if answered != size:
        message = f"an answer of {answered} bytes instead of {size}"
        raise ValueError(message)


def connect(system: str, address: str) -> Echo:
    """Make the client of a system."""
    if system == "jsonl":
        return LinesEcho(address[len("stdio:") :])
    options = [
        ("grpc.max_receive_message_length", LARGEST_MESSAGE),
        ("grpc.default_authority", "localhost"),
        ("grpc.use_local_subchannel_pool", 1),
    ]
    if system == "grpcio":
        return StubEcho(import_module("grpc").insecure_channel(address, options=options))
    return StubEcho(import_module("samehost").channel(address, options=options[:1]))
