"""gRPC's abstract classes as types: generic for a type checker, plain where a program runs. Nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Optional, Union

    from typing_extensions import TypeAlias

    Future: TypeAlias = grpc.Future[Any]
    UnaryUnaryMultiCallable: TypeAlias = grpc.UnaryUnaryMultiCallable[Any, Any]
    UnaryStreamMultiCallable: TypeAlias = grpc.UnaryStreamMultiCallable[Any, Any]
    StreamUnaryMultiCallable: TypeAlias = grpc.StreamUnaryMultiCallable[Any, Any]
    StreamStreamMultiCallable: TypeAlias = grpc.StreamStreamMultiCallable[Any, Any]
    RpcMethodHandler: TypeAlias = grpc.RpcMethodHandler[Any, Any]

    MetadataIn: TypeAlias = Optional[Iterable[tuple[str, Union[str, bytes]]]]
else:
    Future = grpc.Future
    UnaryUnaryMultiCallable = grpc.UnaryUnaryMultiCallable
    UnaryStreamMultiCallable = grpc.UnaryStreamMultiCallable
    StreamUnaryMultiCallable = grpc.StreamUnaryMultiCallable
    StreamStreamMultiCallable = grpc.StreamStreamMultiCallable
    RpcMethodHandler = grpc.RpcMethodHandler
    MetadataIn = Any
