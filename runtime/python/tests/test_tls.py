"""TLS: channels and servers of samehost and of grpcio, on either side, for threads and for loops."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import ssl
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aio_echo
import grpc
import grpc.aio
import pytest
import samehost
import samehost.aio
from aio_echo import soon
from calling import PATIENCE
from echo import Echo
from stubs import SERVICE, Ask, EchoStub, echo_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Iterator

MAKER = Path(__file__).parents[3] / "interop-tests/certificates.py"
LARGE = bytes(range(256)) * 4096
# A proxy that the environment may name has no business with an address of loopback.
STOCK_OPTIONS = [("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1)]


class Certificates:
    """An authority, and a server's and a client's certificates of it."""

    def __init__(self, folder: Path) -> None:
        """Make them."""
        subprocess.run([sys.executable, MAKER, folder], check=True)
        self.folder = folder
        self.authority, self.chain, self.key, self.client_chain, self.client_key = (
            (folder / f"{name}.pem").read_bytes()
            for name in ("ca", "chain", "key", "client-chain", "client-key")
        )

    def of_server(self, *, mutual: bool = True) -> Any:
        """Make a server's."""
        return samehost.ssl_server_credentials([(self.key, self.chain)], self.authority, mutual)

    def of_channel(self, *, shown: bool = True) -> Any:
        """Make a channel's, which shows its own certificate or none."""
        own = (self.client_key, self.client_chain) if shown else ()
        return samehost.ssl_channel_credentials(self.authority, *own)

    def of_stock_channel(self) -> grpc.ChannelCredentials:
        """Make a channel's of grpcio."""
        return grpc.ssl_channel_credentials(self.authority, self.client_key, self.client_chain)

    def of_stock_server(self) -> grpc.ServerCredentials:
        """Make a server's of grpcio."""
        return grpc.ssl_server_credentials([(self.key, self.chain)], self.authority, True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Make certificates."""
    return Certificates(tmp_path_factory.mktemp("certificates"))


def told(_: bytes, context: Any) -> bytes:
    """Answer what a handler is told of its caller."""
    known = {key: [value.decode() for value in values] for key, values in context.auth_context().items()}
    key = context.peer_identity_key()
    names = [name.decode() for name in context.peer_identities() or ()]
    return json.dumps({"known": known, "key": key and str(key), "names": names}).encode()


async def told_by_loop(request: bytes, context: Any) -> bytes:
    """Do the same on a loop."""
    return told(request, context)


def handlers(handler: Any) -> dict[str, Any]:
    """Serve it as a method of bytes."""
    return {"Told": grpc.unary_unary_rpc_method_handler(handler)}


@contextlib.contextmanager
def served(credentials: Any) -> Iterator[int]:
    """Serve by TLS; give the port."""
    server = samehost.Server()
    echo_pb2_grpc.add_EchoServicer_to_server(Echo(), server)
    server.add_registered_method_handlers(SERVICE, handlers(told))
    port = server.add_secure_port("tcp:127.0.0.1:0", credentials)
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait(PATIENCE)


@contextlib.contextmanager
def stock_served(credentials: grpc.ServerCredentials) -> Iterator[int]:
    """Serve by grpcio and TLS; give the port."""
    with ThreadPoolExecutor(8) as pool:
        server = grpc.server(pool, options=STOCK_OPTIONS)
        echo_pb2_grpc.add_EchoServicer_to_server(Echo(), server)
        server.add_registered_method_handlers(SERVICE, handlers(told))
        port = server.add_secure_port("127.0.0.1:0", credentials)
        server.start()
        try:
            yield port
        finally:
            server.stop(None).wait(PATIENCE)


def kinds(channel: grpc.Channel) -> None:
    """Make calls of each kind."""
    stub = EchoStub(channel)
    for data in (b"", b"x", LARGE):
        assert stub.Say(Ask(data=data), timeout=PATIENCE).data == data
    asks = [Ask(data=bytes([number]) * 1000) for number in range(100)]
    assert stub.Collect(iter(asks), timeout=PATIENCE).count == 100
    assert [answer.data for answer in stub.Chat(iter(asks), timeout=PATIENCE)] == [ask.data for ask in asks]
    with ThreadPoolExecutor(8) as pool:
        calls = pool.map(lambda ask: stub.Say(ask, timeout=PATIENCE).data, asks)
        assert list(calls) == [ask.data for ask in asks]


def who(channel: Any) -> Any:
    """Ask what the server knows of this client."""
    return json.loads(channel.unary_unary(f"/{SERVICE}/Told")(b"", timeout=PATIENCE))


def test_calls_of_each_kind_go_by_tls(certificates: Certificates) -> None:
    with (
        served(certificates.of_server()) as port,
        samehost.channel(f"tcp:127.0.0.1:{port}", credentials=certificates.of_channel()) as channel,
    ):
        kinds(channel)


def test_channels_of_grpcio_call_by_tls(certificates: Certificates) -> None:
    with (
        served(certificates.of_server()) as port,
        grpc.secure_channel(f"127.0.0.1:{port}", certificates.of_stock_channel(), STOCK_OPTIONS) as channel,
    ):
        kinds(channel)


def test_servers_of_grpcio_are_called_by_tls(certificates: Certificates) -> None:
    with (
        stock_served(certificates.of_stock_server()) as port,
        samehost.channel(f"tcp:127.0.0.1:{port}", credentials=certificates.of_channel()) as channel,
    ):
        kinds(channel)


@pytest.mark.parametrize("whose", ["client", "server"])
def test_a_handler_is_told_of_its_caller_what_grpcio_tells(whose: str, certificates: Certificates) -> None:
    # The server's is for an IP address as well.
    own = (certificates.client_key, certificates.client_chain)
    own = own if whose == "client" else (certificates.key, certificates.chain)
    credentials = samehost.ssl_channel_credentials(certificates.authority, *own)
    with (
        served(certificates.of_server()) as ours,
        stock_served(certificates.of_stock_server()) as theirs,
        samehost.channel(f"tcp:127.0.0.1:{ours}", credentials=credentials) as channel,
        samehost.channel(f"tcp:127.0.0.1:{theirs}", credentials=credentials) as other,
    ):
        seen, expected = who(channel), who(other)
    assert (seen["key"], seen["names"]) == (expected["key"], expected["names"])
    keys = ("transport_security_type", "x509_common_name", "x509_subject_alternative_name", "x509_pem_cert")
    for key in keys:
        assert seen["known"][key] == expected["known"][key], key


def test_one_who_shows_no_certificate_is_nobody_that_is_known(certificates: Certificates) -> None:
    with (
        served(certificates.of_server(mutual=False)) as port,
        samehost.channel(f"tcp:127.0.0.1:{port}", credentials=certificates.of_channel()) as channel,
    ):
        seen = who(channel)
    assert (seen["key"], seen["names"]) == (None, [])
    assert seen["known"]["transport_security_type"] == ["ssl"]
    assert not [key for key in seen["known"] if key.startswith("x509")]


def test_a_loop_serves_and_calls_by_tls(certificates: Certificates) -> None:
    async def run() -> Any:
        server = samehost.aio.Server()
        echo_pb2_grpc.add_EchoServicer_to_server(aio_echo.Echo(), server)
        server.add_registered_method_handlers(SERVICE, handlers(told_by_loop))
        port = server.add_secure_port("tcp:127.0.0.1:0", certificates.of_server())
        await server.start()
        ours = samehost.aio.channel(f"tcp:127.0.0.1:{port}", credentials=certificates.of_channel())
        stock = grpc.aio.secure_channel(
            f"127.0.0.1:{port}", certificates.of_stock_channel(), options=STOCK_OPTIONS
        )
        channels: list[Any] = [ours, stock]
        for channel in channels:
            async with channel:
                stub = EchoStub(channel)
                answers = await soon(asyncio.gather(*(stub.Say(Ask(data=LARGE)) for _ in range(10))))
                assert all(answer.data == LARGE for answer in answers)
                seen = json.loads(await soon(channel.unary_unary(f"/{SERVICE}/Told")(b"")))
                assert seen["key"] == "x509_subject_alternative_name"
        await server.stop(None)

    asyncio.run(run())


def test_a_loop_calls_servers_of_grpcio_by_tls(certificates: Certificates) -> None:
    async def run(port: int) -> None:
        credentials = certificates.of_channel()
        async with samehost.aio.channel(f"tcp:127.0.0.1:{port}", credentials=credentials) as channel:
            answer = await soon(EchoStub(channel).Say(Ask(data=LARGE)))
            assert answer.data == LARGE

    with stock_served(certificates.of_stock_server()) as port:
        asyncio.run(run(port))


def test_server_and_aio_server_take_credentials_for_their_address(certificates: Certificates) -> None:
    server = samehost.server("tcp:127.0.0.1:0", credentials=certificates.of_server())
    server.stop(None)

    async def run() -> None:
        aio = samehost.aio.server("tcp:127.0.0.1:0", credentials=certificates.of_server())
        await aio.stop(None)

    asyncio.run(run())


def test_json_is_called_by_tls(certificates: Certificates) -> None:
    context = ssl.create_default_context(cadata=certificates.authority.decode())
    context.load_cert_chain(certificates.folder / "client-chain.pem", certificates.folder / "client-key.pem")
    context.set_alpn_protocols(["http/1.1"])
    with served(certificates.of_server()) as port:
        client = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=PATIENCE)
        client.request("POST", f"/{SERVICE}/Say", '{"data":"aGk="}', {"content-type": "application/json"})
        answer = client.getresponse()
        assert (answer.status, json.load(answer)["data"]) == (200, "aGk=")
        client.close()


def text_of(channel: grpc.Channel) -> str:
    """Give the text of the failure of a call."""
    with pytest.raises(grpc.RpcError) as raised:
        EchoStub(channel).Say(Ask(), timeout=PATIENCE)
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
    return str(raised.value.details())


def test_one_without_the_certificate_that_is_wanted_reads_why(certificates: Certificates) -> None:
    with served(certificates.of_server()) as port:
        for _ in range(10):
            credentials = certificates.of_channel(shown=False)
            with samehost.channel(f"tcp:127.0.0.1:{port}", credentials=credentials) as channel:
                assert "certificate_required" in text_of(channel)


def test_a_server_that_is_not_trusted_is_not_called(certificates: Certificates, tmp_path: Path) -> None:
    other = Certificates(tmp_path)
    with (
        served(certificates.of_server()) as port,
        samehost.channel(f"tcp:127.0.0.1:{port}", credentials=other.of_channel()) as channel,
    ):
        assert "the certificate of the peer is not accepted" in text_of(channel)


def test_the_name_of_the_server_is_checked_and_may_be_another_one(certificates: Certificates) -> None:
    with served(certificates.of_server()) as port:
        address, credentials = f"tcp:127.0.0.1:{port}", certificates.of_channel()
        with samehost.channel(address, credentials=credentials, server_name="db.lan") as channel:
            assert "db.lan" in text_of(channel)
        for more in (
            {"server_name": "localhost"},
            {"options": [("grpc.ssl_target_name_override", "localhost")]},
        ):
            with samehost.channel(address, credentials=credentials, **more) as channel:
                kinds(channel)


def test_plain_text_and_tls_are_told_from_each_other(
    certificates: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        served(certificates.of_server()) as port,
        samehost.channel(f"tcp:127.0.0.1:{port}") as channel,
        pytest.raises(grpc.RpcError, match="plain text came, and this server takes TLS alone"),
    ):
        EchoStub(channel).Say(Ask(), timeout=PATIENCE)
    plain = samehost.Server()
    port = plain.add_insecure_port("tcp:127.0.0.1:0")
    plain.start()
    with samehost.channel(f"tcp:127.0.0.1:{port}", credentials=certificates.of_channel()) as channel:
        assert "the server does not speak TLS: it hung up in the handshake" in text_of(channel)
    plain.stop(None).wait(PATIENCE)
    until = time.monotonic() + PATIENCE
    while "the peer speaks TLS, and this server has no credentials" not in caplog.text:
        assert time.monotonic() < until, caplog.text
        time.sleep(0.01)


def test_credentials_that_cannot_be_used_are_told_at_once(certificates: Certificates) -> None:
    wrong = samehost.ssl_channel_credentials(b"no PEM")
    with pytest.raises(ValueError, match="no certificate in the root certificates"):
        samehost.channel("tcp:127.0.0.1:4000", credentials=wrong)
    with pytest.raises(ValueError, match="credentials for TLS are for tcp: addresses"):
        samehost.channel("unix:/run/app.sock", credentials=certificates.of_channel())
    with pytest.raises(RuntimeError, match="credentials for TLS are for tcp: addresses"):
        samehost.Server().add_secure_port("unix:/run/app.sock", certificates.of_server())
    crossed = samehost.ssl_server_credentials([(certificates.client_key, certificates.chain)])
    with pytest.raises(RuntimeError, match="keys may not be consistent"):
        samehost.Server().add_secure_port("tcp:127.0.0.1:0", crossed)
    with pytest.raises(ValueError, match="go together"):
        samehost.ssl_channel_credentials(private_key=certificates.key)
    with pytest.raises(ValueError, match="at least one pair"):
        samehost.ssl_server_credentials([])
    with pytest.raises(ValueError, match="without providing root certificates"):
        samehost.ssl_server_credentials([(certificates.key, certificates.chain)], None, True)


def test_credentials_of_grpcio_are_refused_with_the_name_of_ours(certificates: Certificates) -> None:
    with pytest.raises(TypeError, match=r"samehost\.ssl_channel_credentials"):
        samehost.channel("tcp:127.0.0.1:4000", credentials=certificates.of_stock_channel())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"samehost\.ssl_server_credentials"):
        samehost.Server().add_secure_port("tcp:127.0.0.1:0", certificates.of_stock_server())


def test_the_authorities_of_the_system_are_trusted_where_none_are_given() -> None:
    credentials = samehost.ssl_channel_credentials()
    try:
        made = samehost.channel("tcp:127.0.0.1:4000", credentials=credentials)
    except ValueError as error:
        assert "the system has none" in str(error)  # noqa: PT017  # so it may be on some machine
    else:
        made.close()
