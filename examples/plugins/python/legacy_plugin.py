"""A plugin around a library with bugs: some documents end the process, others never come to an end.

It stands for all the code that one would rather not have in one's own process.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import samehost
from plugins_pb2 import (
    DescribeReply,
    DescribeRequest,
    ReadRequest,
    Transformation,
    TransformReply,
    TransformRequest,
)
from plugins_pb2_grpc import PluginServicer, WorkspaceStub, add_PluginServicer_to_server

if TYPE_CHECKING:
    import grpc

PRINT = Transformation(name="print", summary="pages for a line printer")


def paginate(text: str) -> str:
    """Stand for the library."""
    if "\f" in text:
        print("paginate: a form feed within a page")
        os.abort()
    while "\v" in text:
        pass
    return "\f".join(text.split("\n\n"))


class LegacyPlugin(PluginServicer):
    """The service."""

    def Describe(self, request: DescribeRequest, context: grpc.ServicerContext) -> DescribeReply:
        """Tell the host what there is."""
        return DescribeReply(transformations=[PRINT])

    def Transform(self, request: TransformRequest, context: grpc.ServicerContext) -> TransformReply:
        """Ask the host for the document, and hope."""
        # What is printed goes to standard error, and so to the host: its error has the last words of a crash.
        print(f"paginating {request.path}")
        workspace = WorkspaceStub(samehost.caller(context))
        text = workspace.Read(ReadRequest(path=request.path), timeout=context.time_remaining()).text
        return TransformReply(text=paginate(text))


def main() -> None:
    """Serve the host until it closes the connection, or dies."""
    server = samehost.server("stdio:")
    add_PluginServicer_to_server(LegacyPlugin(), server)
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
