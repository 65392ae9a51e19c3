"""The services of the tests, as the server serves them and the client offers them to be called back."""

from __future__ import annotations

from typing import Any

from samehost_interop.server.control_service import ControlService
from samehost_interop.server.known_calls import KnownCalls
from samehost_interop.server.test_service import TestService
from samehost_interop.server.told import Told
from samehost_interop.stubs import control_grpc, testing_grpc


class Services:
    """Both of them, which know each other's calls, and the interceptors that they need."""

    def __init__(self, *, compresses: bool = True) -> None:
        """Know no calls, and compress answers where that is wanted, or never."""
        self._calls = KnownCalls()
        self._compresses = compresses
        self.interceptors = [Told(self._calls)]

    def add_to(self, side: Any) -> None:
        """Add them to a server, or to a channel."""
        testing_grpc.add_TestServiceServicer_to_server(TestService(compresses=self._compresses), side)
        control_grpc.add_ControlServiceServicer_to_server(ControlService(self._calls), side)
