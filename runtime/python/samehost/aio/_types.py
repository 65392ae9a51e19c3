"""Types that the asyncio surface has in common: generic for a type checker, plain where a program runs.

Nothing else. Not in every version of grpcio are all of its abstract classes generic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc.aio

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Optional, Union

    from typing_extensions import TypeAlias

    MetadataIn: TypeAlias = Optional[Union[grpc.aio.Metadata, Sequence[tuple[str, Union[str, bytes]]]]]
    Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]
    Handler: TypeAlias = grpc.RpcMethodHandler[Any, Any]
    UnaryUnaryMultiCallable: TypeAlias = grpc.aio.UnaryUnaryMultiCallable[Any, Any]
    UnaryStreamMultiCallable: TypeAlias = grpc.aio.UnaryStreamMultiCallable[Any, Any]
    StreamUnaryMultiCallable: TypeAlias = grpc.aio.StreamUnaryMultiCallable[Any, Any]
    StreamStreamMultiCallable: TypeAlias = grpc.aio.StreamStreamMultiCallable[Any, Any]
else:
    MetadataIn = Context = Handler = Any
    UnaryUnaryMultiCallable = grpc.aio.UnaryUnaryMultiCallable
    UnaryStreamMultiCallable = grpc.aio.UnaryStreamMultiCallable
    StreamUnaryMultiCallable = grpc.aio.StreamUnaryMultiCallable
    StreamStreamMultiCallable = grpc.aio.StreamStreamMultiCallable
