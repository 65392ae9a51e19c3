"""Types that the asyncio surface has in common. Nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Optional, Union

    import grpc.aio
    from typing_extensions import TypeAlias

    MetadataIn: TypeAlias = Optional[Union[grpc.aio.Metadata, Sequence[tuple[str, Union[str, bytes]]]]]
    Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]
    Handler: TypeAlias = grpc.RpcMethodHandler[Any, Any]
else:
    MetadataIn = Context = Handler = Any
