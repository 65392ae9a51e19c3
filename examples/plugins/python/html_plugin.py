"""A plugin that makes HTML of Markdown (the little of it that it knows), and asks its host for all documents.

Its host starts it by `python -m samehost.child html_plugin.py`.
"""

from __future__ import annotations

import html
import re
from concurrent.futures import ThreadPoolExecutor

import grpc
import samehost
from plugins_pb2 import (
    DescribeReply,
    DescribeRequest,
    ReadRequest,
    ReportRequest,
    Transformation,
    TransformReply,
    TransformRequest,
)
from plugins_pb2_grpc import PluginServicer, WorkspaceStub, add_PluginServicer_to_server

HTML = Transformation(name="html", summary="Markdown to HTML, with what it includes")


class RefusedError(Exception):
    """The document cannot be transformed, for a reason that its author can do something about."""


class HtmlPlugin(PluginServicer):
    """The service."""

    def Describe(self, request: DescribeRequest, context: grpc.ServicerContext) -> DescribeReply:
        """Tell the host what there is."""
        return DescribeReply(transformations=[HTML])

    def Transform(self, request: TransformRequest, context: grpc.ServicerContext) -> TransformReply:
        """Fail as the calls to the host fail: it is told what it said itself."""
        if request.transformation != HTML.name:
            context.abort(grpc.StatusCode.NOT_FOUND, f"no transformation {request.transformation}")
        try:
            return TransformReply(text=Page(request, context).part(request.path, ()))
        except RefusedError as refused:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(refused))
        except grpc.RpcError as failure:
            context.abort(failure.code(), failure.details() or "")


class Page:
    """The page that is being made."""

    def __init__(self, request: TransformRequest, context: grpc.ServicerContext) -> None:
        """Call the host back over the connection by which it has called."""
        self.workspace = WorkspaceStub(samehost.caller(context))
        self.context = context
        self.job = request.job
        self.done = 0
        self.total = 1

    def part(self, path: str, outer: tuple[str, ...]) -> str:
        """Make HTML of one document and of all that it includes; `outer` are those that include it."""
        if path in outer:
            message = f"{path} includes itself"
            raise RefusedError(message)
        lines = self.read(path).splitlines()
        self.total += sum(line.startswith("!include ") for line in lines)
        pieces = [
            self.part(line.removeprefix("!include ").strip(), (*outer, path))
            if line.startswith("!include ")
            else self.line(line)
            for line in lines
        ]
        self.done += 1
        self.workspace.Report(
            ReportRequest(job=self.job, done=self.done, total=self.total), timeout=self.time_left()
        )
        return "".join(pieces)

    def read(self, path: str) -> str:
        """Ask the host; never for longer than the host waits for this plugin."""
        return str(self.workspace.Read(ReadRequest(path=path), timeout=self.time_left()).text)

    def time_left(self) -> float:
        """Answer what is left of the deadline of the host's call."""
        return float(self.context.time_remaining())

    @staticmethod
    def line(line: str) -> str:
        """Make HTML of one line."""
        text = re.sub(r"\*(.+?)\*", r"<em>\1</em>", html.escape(line))
        if title := re.fullmatch(r"# (.+)", text):
            return f"<h1>{title[1]}</h1>\n"
        if item := re.fullmatch(r"- (.+)", text):
            return f"<li>{item[1]}</li>\n"
        return f"<p>{text}</p>\n" if text else ""


def main() -> None:
    """Serve the host until it closes the connection, or dies."""
    # Several calls at once: each waits for its own answers of the host.
    server = samehost.server("stdio:", ThreadPoolExecutor(4))
    add_PluginServicer_to_server(HtmlPlugin(), server)
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
