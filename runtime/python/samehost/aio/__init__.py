"""gRPC's asyncio surface over samehost: channels and servers for stock stubs and servicers of `grpc.aio`.

An event loop drives the connections itself, by its own selector: no thread takes part in a call.
"""

from samehost.aio._caller import caller
from samehost.aio._channel import Channel, channel
from samehost.aio._context import Context
from samehost.aio._server import Server, server

__all__ = ["Channel", "Context", "Server", "caller", "channel", "server"]
