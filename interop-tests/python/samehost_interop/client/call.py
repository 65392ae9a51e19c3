"""What one call is made with, and how it has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from samehost_interop.stubs import control_grpc, testing_grpc
from samehost_interop.suite import Status

if TYPE_CHECKING:
    import grpc
    import grpc.aio

    from samehost_interop.client.session import Session
    from samehost_interop.suite import Step

# Ends a call that would hang, and so its case.
PATIENCE_SECONDS = 60.0


def test_service(channel: Any) -> Any:
    """Make the stub of the standard service, for either surface."""
    return testing_grpc.TestServiceStub(channel)


def control_service(channel: Any) -> Any:
    """Make the stub of the service beside it, for either surface."""
    return control_grpc.ControlServiceStub(channel)


def made_with(step: Step, key: str | None = None) -> dict[str, Any]:
    """Give the metadata and the deadline of a step, and a key by which the server is to know the call."""
    timeout = PATIENCE_SECONDS if step.deadline_ms is None else step.deadline_ms / 1000
    return {"metadata": step.pairs(key), "timeout": timeout}


class Ended(NamedTuple):
    """How a call has ended."""

    status: Status
    headers: tuple[Any, ...]
    trailers: tuple[Any, ...]

    @classmethod
    def of(cls, call: Any) -> Ended:
        """Wait for the end of a call; it may be the exception that says how it failed."""
        return cls(
            status_of(call), tuple(call.initial_metadata() or ()), tuple(call.trailing_metadata() or ())
        )

    @classmethod
    async def on_loop(cls, call: grpc.aio.Call) -> Ended:
        """Wait for the end of a call of the loop."""
        status = Status(await call.code(), await call.details())
        return cls(status, tuple(await call.initial_metadata()), tuple(await call.trailing_metadata()))

    def check(self, step: Step, session: Session) -> None:
        """Check it against what a step expects."""
        step.expect.check(self.status)
        step.expect.check_fault(self.status, session.transport, session.address, session.catalogue)
        step.expect.check_metadata(self.headers, self.trailers)


def status_of(call: Any) -> Status:
    """Give the status of a call, or of the exception that says how it failed."""
    code: grpc.StatusCode = call.code()
    return Status(code, call.details() or "")
