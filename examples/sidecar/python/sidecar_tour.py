"""`sidecar_tour.py ADDRESS FORBIDDEN ENTRIES` shares a cache with a program in Java.

Exit code 1 when something did not come as it should.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import aclosing

import grpc
import samehost.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc  # type: ignore[import-untyped]
from sidecar_cache import SidecarCache

SERVICE = "samehost.examples.sidecar.Cache"
VALUE = bytes(1024)


async def main(address: str, forbidden: str, count: int) -> None:
    """Put entries, while a task reads those that Java puts."""
    await is_healthy(address)
    told = asyncio.Event()
    health = asyncio.create_task(healths(address, told))
    await asyncio.wait_for(told.wait(), 10)
    async with SidecarCache(address) as cache:
        check(await cache.get("python/nothing") is None, "there should be nothing")
        half = asyncio.Event()
        reader = asyncio.create_task(read(cache, count, half))
        begin = time.perf_counter()
        for i in range(count):
            if i == count // 4:
                await asyncio.wait_for(half.wait(), 20)  # what comes then, the sidecar is restarted under
            await cache.put(f"python/{i}", VALUE)
        millis = (time.perf_counter() - begin) * 1e3
        print(f"Python: {count} entries put in {millis:.0f} ms; {cache.repeated} calls were made again")
        keys = await asyncio.wait_for(reader, 20)
        check(keys == [f"java/{i}" for i in range(count)], "Java's entries should come in order, each once")
        check(cache.repeated == 0, "calls should wait for the sidecar")
        check(cache.lost_watches > 0, "the watch should have been begun again")
        check(await health == ["SERVING", "NOT_SERVING"], "it should have been told that the sidecar ends")
        await cache.put("python-done", b"")
    await is_refused(forbidden)
    print("Python: all went as it should.")


async def read(cache: SidecarCache, count: int, half: asyncio.Event) -> list[str]:
    """Answer the keys of the entries that Java puts; tell when half of them have come."""
    keys: list[str] = []
    async with aclosing(cache.follow("java/")) as entries:
        async for entry in entries:
            keys.append(entry.key)
            if len(keys) == count // 2:
                half.set()
            if len(keys) == count:
                break
    return keys


async def is_healthy(address: str) -> None:
    """Ask for the health of the cache, as a supervisor does."""
    async with samehost.aio.channel(address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        answer = await health.Check(health_pb2.HealthCheckRequest(service=SERVICE), timeout=10)
        check(answer.status == answer.SERVING, "the cache should be healthy")


async def healths(address: str, told: asyncio.Event) -> list[str]:
    """Watch the health of the cache until the sidecar ends: the watch ends then, and ends well."""
    names = []
    async with samehost.aio.channel(address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        watch = health.Watch(health_pb2.HealthCheckRequest(service=SERVICE))
        async for answer in watch:
            names.append(answer.ServingStatus.Name(answer.status))
            told.set()
    return names


async def is_refused(address: str) -> None:
    """Ask where this user may not, which is found healthy all the same."""
    await is_healthy(address)
    async with SidecarCache(address) as cache:
        try:
            await cache.put("python/0", VALUE)
        except grpc.aio.AioRpcError as failure:
            print(f"Python: {failure.code().name}: {failure.details()}")
            check(failure.code() is grpc.StatusCode.PERMISSION_DENIED, "it should be PERMISSION_DENIED")
        else:
            sys.exit("Python: it should be refused")


def check(right: object, what: str) -> None:
    """Stop where something is not as it should be."""
    if not right:
        sys.exit(f"Python: {what}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
