"""The data of the interop tests, as the folder `interop-tests` holds them."""

from samehost_interop.suite.case import Case, EchoedStatus, Entry, Limits, Step
from samehost_interop.suite.catalogue import Catalogue
from samehost_interop.suite.expectation import Expectation, Mismatch, unless
from samehost_interop.suite.folder import Gap, Suite, TransportUse, fill
from samehost_interop.suite.status import Status, shown

__all__ = [
    "Case",
    "Catalogue",
    "EchoedStatus",
    "Entry",
    "Expectation",
    "Gap",
    "Limits",
    "Mismatch",
    "Status",
    "Step",
    "Suite",
    "TransportUse",
    "fill",
    "shown",
    "unless",
]
