"""How a call must end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from samehost_interop.suite.status import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from samehost_interop.suite.catalogue import Catalogue
    from samehost_interop.suite.status import Status


class Mismatch(Exception):
    """Something is not as a case expects it: what was expected and what was found."""


def unless(holds: object, message: str) -> None:
    """Say so unless it holds."""
    if not holds:
        raise Mismatch(message)


@dataclass(frozen=True)
class Expectation:
    """How a call must end. What is absent is not looked at."""

    code: str = "OK"
    text: str | None = None
    text_is: str | None = None
    # The fault of the catalogue whose text it must be, by the name of the transport; "*" for others.
    fault: dict[str, str] = field(default_factory=dict)
    # What must stand at placeholders of that text.
    values: dict[str, str] = field(default_factory=dict)
    headers: tuple[tuple[str, str | bytes], ...] = ()
    trailers: tuple[tuple[str, str | bytes], ...] = ()
    # What the server must say of how the call ended for its handler.
    ended: str = "CANCELLED"

    def check(self, status: Status) -> None:
        """Check a status against all that is said of it but `fault`."""
        found = f"but got {shown(status)}"
        unless(status.code.name == self.code, f"expected {self.code}, {found}")
        unless(
            self.text is None or self.text in status.details, f'expected a text with "{self.text}", {found}'
        )
        unless(
            self.text_is is None or self.text_is == status.details,
            f'expected the text "{self.text_is}", {found}',
        )

    def check_fault(self, status: Status, transport: str, address: str, catalogue: Catalogue) -> None:
        """Check the text of a status against the catalogue of faults."""
        name = self.fault.get(transport, self.fault.get("*"))
        if name is not None:
            matches = catalogue.matches(name, {"address": address, **self.values}, status)
            unless(matches, f"expected the fault {name}, but got {shown(status)}")

    def check_metadata(self, headers: Iterable[Any], trailers: Iterable[Any]) -> None:
        """Check headers and trailers."""
        _check("headers", self.headers, tuple(headers))
        _check("trailers", self.trailers, tuple(trailers))


def _check(place: str, expected: tuple[Any, ...], actual: tuple[Any, ...]) -> None:
    for key in dict.fromkeys(key for key, _ in expected):
        wanted, got = ([value for name, value in all_ if name == key] for all_ in (expected, actual))
        unless(wanted == got, f"expected {key}={wanted} in the {place}, but got {got}")
