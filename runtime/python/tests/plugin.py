"""A child that asks its host what to answer: `python -m samehost.child plugin.py`."""

from __future__ import annotations

from typing import Any

import samehost
from stubs import Answer, EchoStub, echo_pb2_grpc


class Plugin(echo_pb2_grpc.EchoServicer):  # type: ignore[misc]  # made at run time
    """Calls the host back, by its service of the same kind."""

    def Say(self, request: Any, context: Any) -> Any:  # noqa: N802 the contract's
        """Ask the host, and tell what it has said."""
        heard = EchoStub(samehost.caller(context)).Say(request).data
        return Answer(data=b"the plugin has asked, and heard: " + heard)


def main() -> None:
    """Serve until the host has gone."""
    server = samehost.server("stdio:")
    echo_pb2_grpc.add_EchoServicer_to_server(Plugin(), server)
    server.start()
    server.wait_for_termination()


main()
