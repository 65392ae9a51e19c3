"""A case and its steps. The README of the interop tests says what each field means."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Union

from samehost_interop import TEST_KEY
from samehost_interop.suite.expectation import Expectation

Pair = tuple[str, Union[str, bytes]]


@dataclass(frozen=True)
class Entry:
    """A pair of metadata; its value is a text, bytes in hex, or so many times the letter x."""

    key: str
    text: str | None = None
    hex: str | None = None
    fill: int | None = None

    def pair(self) -> Pair:
        """Give the pair."""
        if self.hex is not None:
            return self.key, bytes.fromhex(self.hex)
        return self.key, "x" * self.fill if self.fill is not None else self.text or ""


@dataclass(frozen=True)
class EchoedStatus:
    """The status that the server is asked for."""

    code: int
    message: str


@dataclass(frozen=True)
class Limits:
    """A channel of its own, with these limits."""

    max_message_bytes: int | None = None
    max_metadata_bytes: int | None = None
    connect_timeout_ms: int | None = None
    hello_timeout_ms: int | None = None


@dataclass(frozen=True)
class Step:
    """One step of a case: a kind and what that kind takes."""

    kind: str
    method: str = ""
    requests: tuple[int, ...] = ()
    responses: tuple[int, ...] | None = None
    compressed: tuple[bool, ...] = ()
    says_compressed: tuple[bool, ...] = ()
    wants_compressed: tuple[bool, ...] = ()
    half_close: bool = True
    metadata: tuple[Entry, ...] = ()
    status: EchoedStatus | None = None
    deadline_ms: int | None = None
    channel: Limits | None = None
    count: int = 1
    at_once: int | None = None
    threads: int | None = None
    sees: dict[str, list[str]] = field(default_factory=dict)
    side: str = ""
    bytes: int = 0
    request_bytes: int = 0
    response_bytes: int = 0
    message_bytes: int = 0
    offers: bool = True
    depth: int = 0
    back_deadline_ms: int | None = None
    back_code: str = "OK"
    back_text: str | None = None
    peer: str | None = None
    address: str | None = None
    expect: Expectation = field(default_factory=Expectation)

    @classmethod
    def of(cls, data: dict[str, Any]) -> Step:
        """Read a step; TypeError for a field that there is not."""
        made = dict(data)
        for name, kind in (("status", EchoedStatus), ("channel", Limits)):
            if name in made:
                made[name] = kind(**made[name])
        for name in ("requests", "responses", "compressed", "says_compressed", "wants_compressed"):
            if name in made:
                made[name] = tuple(made[name])
        made["metadata"] = tuple(Entry(**one) for one in made.get("metadata", ()))
        expect = dict(made.get("expect", {}))
        for name in ("headers", "trailers"):
            if name in expect:
                expect[name] = tuple(Entry(**one).pair() for one in expect[name])
        made["expect"] = Expectation(**expect)
        return cls(**made)

    def request(self, at: int) -> int:
        """Give the size of the message at this place of `requests`, 0 where there is none."""
        return self.requests[at] if at < len(self.requests) else 0

    def response(self, at: int) -> int:
        """Give the size of the message at this place of `responses`, 0 where there is none."""
        return self.responses[at] if self.responses and at < len(self.responses) else 0

    def pairs(self, key: str | None = None) -> list[Pair]:
        """Give the metadata to send, and a key by which the server knows the call."""
        sent = [entry.pair() for entry in self.metadata]
        if key is not None:
            sent.append((TEST_KEY, key))
        return sent


@dataclass(frozen=True)
class Case:
    """A case of the suites."""

    name: str
    shows: str
    steps: tuple[Step, ...]
    needs: tuple[str, ...] = ()

    @classmethod
    def of(cls, data: dict[str, Any]) -> Case:
        """Read a case; TypeError for a field that there is not."""
        return cls(**{**data, "steps": tuple(Step.of(step) for step in data["steps"])})
