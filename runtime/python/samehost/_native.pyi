"""The native half of samehost: calls whose messages are bytes, over the Rust crates.

It knows neither grpc nor protobuf nor asyncio's transports; the surfaces are written in Python on top of it.
Importing it is cheap and starts no thread.

Common to all of it:

- Codes are gRPC's numbers, 0 to 16. Texts that people read come from the catalogue that Java and Rust share.
- Times are seconds as ``float``; ``None`` is no limit. Sizes are bytes.
- Metadata goes in as any iterable of ``(key, value)`` pairs, in order and with duplicates. A key is of ``0-9
  a-z _ - .``; the value of a key that ends in ``-bin`` is ``bytes``, any other is printable ASCII as ``str``
  (or ``bytes`` of it). What is no metadata raises `StatusError` (INTERNAL, as in Rust and Java), what is no
  pair `TypeError`. It comes out as a tuple of pairs, values of ``-bin`` keys as ``bytes``, all others as
  ``str``. Keys that begin with ``grpc-`` are gRPC's own: those of compression are added and read here.
- Messages are ``bytes``, or on the way in whatever has a contiguous buffer. They are compressed and
  decompressed here.
- Every object may be used by any thread at the same time, but for those of an event loop (`Loop`), which
  belong to the loop's thread. Methods that wait release the GIL, and while they wait on the main thread they
  run Python's signal handlers at least every 100 ms: what a handler raises (`KeyboardInterrupt`) leaves the
  method, and where that waited for a client's call, the call is cancelled.
- Callbacks of the application run on one thread of this module, never under a lock, in the order in which
  they became due, and must not wait for long; the exception is a server's handler, see there. What a callback
  raises goes to `sys.unraisablehook`.
- After ``os.fork()`` the objects of the parent are dead in the child: their descriptors are closed there,
  without a word to the peer, and every use raises `StatusError` (UNAVAILABLE). New ones can be made. The
  parent goes on.
"""

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, final

from typing_extensions import Buffer, Self, TypeAlias, disjoint_base

MetadataIn: TypeAlias = Iterable[tuple[str, str | bytes]]
Metadata: TypeAlias = tuple[tuple[str, str | bytes], ...]

# The states of a channel, in gRPC's order.
IDLE: Final = 0
CONNECTING: Final = 1
READY: Final = 2
TRANSIENT_FAILURE: Final = 3
SHUTDOWN: Final = 4

class StatusError(Exception):
    """What went wrong, as a gRPC status: the only exception of this module besides Python's own for misuse.

    ``str(error)`` is the text. The outcome of a call is not raised but answered, as an `Outcome`.
    """

    code: int
    """gRPC's code, never 0."""
    text: str
    """What happened, where, and what to do about it."""
    def __init__(self, code: int, text: str) -> None: ...

@final
class Outcome:
    """How a call of a client ended. Immutable; whatever is costly to make is made when it is asked for."""

    @property
    def code(self) -> int: ...
    @property
    def text(self) -> str:
        """The status's message; empty for nothing."""
    @property
    def message(self) -> bytes | None:
        """The one message of the response.

        Of a unary call that ended well alone (`Channel.unary`), else `None`.
        """
    @property
    def compressed(self) -> bool:
        """Whether that message came compressed."""
    @property
    def headers(self) -> Metadata:
        """What the server sent before the first message; empty where it sent none."""
    @property
    def trailers(self) -> Metadata:
        """What the server sent with the status."""

@final
class Peer:
    """Who is at the other end, as far as the operating system vouches for it."""

    @property
    def address(self) -> str:
        """The address of the connection, such as ``unix:/run/app.sock`` or ``stdio:``."""
    @property
    def process_id(self) -> int | None: ...
    @property
    def user_id(self) -> int | None: ...
    @property
    def group_id(self) -> int | None: ...
    @property
    def tls(self) -> bool:
        """Whether the connection is secret."""
    @property
    def certificates(self) -> list[bytes]:
        """What it has shown by TLS and was accepted, in DER: its own first. Empty where it has shown none."""
    @property
    def common_name(self) -> bytes | None:
        """The common name of its certificate."""
    @property
    def alternative_names(self) -> list[bytes]:
        """The hosts, IP addresses, addresses of mail and URIs that its certificate is for, as texts."""

# Credentials for TLS

@final
class ChannelCredentials:
    """Whom a channel trusts by TLS, and what it shows of itself, in PEM; a key and a chain go together."""

    def __new__(
        cls,
        root_certificates: bytes | None = None,
        private_key: bytes | None = None,
        certificate_chain: bytes | None = None,
    ) -> ChannelCredentials: ...

@final
class ServerCredentials:
    """What a server shows of itself by TLS: at least one pair of a key and a chain, in PEM.

    With root certificates it takes those clients alone who have a certificate of one of these.
    """

    def __new__(
        cls,
        private_key_certificate_chain_pairs: Sequence[tuple[bytes, bytes]],
        root_certificates: bytes | None = None,
    ) -> ServerCredentials: ...

# Clients, for threads

@final
class Channel:
    """The way to one server, for threads. It connects at the first call, and again when it has to.

    One of the threads that wait reads the connection for all. When the last reference is dropped, the
    channel's open calls go on, and the connection is closed when they are over.

    Options, all by name; one that is out of range raises `ValueError`, of the wrong type `TypeError`:

    - ``max_inbound_message_size``: the largest message that is taken, compressed or not; from 1, 64 MiB by
      default.
    - ``max_inbound_metadata_size``: the largest headers or trailers that are taken; 256 to 32,768, by default
      8,192.
    - ``initial_credit``: how much the server may send of each stream before it is read; from 1,024, by
      default 1 MiB.
    - ``spin_limit``: how long a thread that waits may look for the peer again and again before it sleeps, at
      most 0.001 s; 0 is not at all. By default 0.00005 s, or the microseconds that ``SAMEHOST_SPIN_MICROS``
      says in the environment. It looks only while that was of use lately; with one processor it lets others
      run instead, twice at most.
    - ``connect_timeout``: how long a try to connect may take until the server accepts; 5 s.
    - ``backoff``, ``longest_backoff``: the wait after a first try that failed, and the longest one; 0.1 s and
      5 s.
    - ``hello_timeout``: how long the server may take to say HELLO; 5 s, a child 30 s.
    - ``wait_for_ready``: calls wait for a connection as long as it takes, where they do not say otherwise;
      false.
    - of ``shm:`` alone: ``ring_bytes`` (how large the memory of each direction is: a power of two from 65,536
      to 67,108,864, by default 1,048,576; the smaller wish of the two sides counts), ``strict``
      (where no memory is to be had, connecting fails instead of going on over the socket; false).
    - of ``tcp:`` alone: ``plain_text_beyond_host`` (addresses beyond this host may be connected to, though
      nothing is encrypted; false), ``credentials`` (it is spoken to by TLS), ``server_name`` (what the
      server's certificate must be for, instead of the host in the address).
    - of ``stdio:`` alone: ``arguments`` (the program and its arguments, instead of the words of the address),
      ``environment`` (variables set besides this process's), ``folder`` (where the child starts), ``grace``
      (how long the child may take to end after its standard input has ended, and again after SIGTERM, before
      it is killed; 2 s), ``noise_limit`` (how much it may print before its HELLO; 65,536), ``stderr_lines``
      (called with each line that it writes to its standard error, without the end; while it takes its
      time, 1,024 lines wait, and further ones are dropped and counted in a line of their own; by default
      they are logged, see `log_to`).
    """

    def __new__(
        cls,
        address: str,
        *,
        max_inbound_message_size: int = ...,
        max_inbound_metadata_size: int = ...,
        initial_credit: int = ...,
        spin_limit: float = ...,
        connect_timeout: float = ...,
        backoff: float = ...,
        longest_backoff: float = ...,
        hello_timeout: float = ...,
        wait_for_ready: bool = ...,
        ring_bytes: int = ...,
        strict: bool = ...,
        plain_text_beyond_host: bool = ...,
        arguments: Sequence[str | os.PathLike[str]] = ...,
        environment: Mapping[str, str] = ...,
        folder: str | os.PathLike[str] = ...,
        grace: float = ...,
        noise_limit: int = ...,
        stderr_lines: Callable[[str], object] = ...,
        credentials: ChannelCredentials | None = ...,
        server_name: str = ...,
    ) -> Channel:
        """Nothing is connected yet. An address that is none raises `StatusError` (INVALID_ARGUMENT)."""

    @property
    def address(self) -> str: ...
    def offer(
        self,
        handler: Callable[[ServerCall], object],
        *,
        inline: bool = True,
        unary: dict[str, Callable[[ServerCall, bytes], Any]] | None = None,
    ) -> None:
        """Have the server's calls back served, over each connection that is made, as a `Server` does.

        A thread of this module then reads a connection whenever no caller does. The channel's limits hold for
        these calls too. To be called before anything else but ``address``; `RuntimeError` afterwards. May be
        repeated: the last handlers count.
        """

    def medium(self) -> str | None:
        """Tell what carries the bytes of the connection, where the address leaves that open (``shm:``).

        Shared memory, or the socket and why. `None` also where there is no connection.
        """

    def unary(
        self,
        path: str,
        message: Buffer,
        metadata: MetadataIn | None = None,
        timeout: float | None = None,
        wait_for_ready: bool | None = None,
        gzip: bool = False,
    ) -> Outcome:
        """Make a unary call and waits for its outcome, on this thread: the fast way.

        ``path`` is ``/package.Service/Method``. A response without a message, or with two, is INTERNAL.
        """

    def call(
        self,
        path: str,
        metadata: MetadataIn | None = None,
        timeout: float | None = None,
        wait_for_ready: bool | None = None,
        gzip: bool = False,
    ) -> Call:
        """Begin a call of any kind, and does not wait. Its deadline runs from now on, whoever waits for it.

        With ``gzip`` its messages are compressed; a server that does not know gzip answers UNIMPLEMENTED.
        """

    def state(self, connect: bool = False) -> int:
        """`IDLE` to `SHUTDOWN`.

        With ``connect`` a channel without a connection begins to make one, and goes on trying until it is
        there.
        """

    def wait_for_state(self, other_than: int, timeout: float | None = None) -> bool:
        """Wait until the state is another one; false when the time is over."""

    def watch_state(self, callback: Callable[[int], object]) -> Watch:
        """Have the callback called with the state, at once and after each change, until that is cancelled.

        States that pass while the callback runs are left out; the last one never is.
        """

    def close(self, now: bool = True) -> None:
        """Take no more calls. Open ones go on, or with ``now`` fail with UNAVAILABLE at once.

        May be repeated.
        """

@final
class Watch:
    """A callback that is called until it is cancelled. Dropping it changes nothing."""

    def cancel(self) -> None:
        """Begin the callback no more. May be repeated."""

@final
class Call:
    """One call of a client, of any kind, for threads. Dropped before it is over, it is cancelled.

    Messages are handed to one waiter each; headers and outcome to as many as ask.
    """

    def send(self, message: Buffer, last: bool = False, compress: bool = True) -> bool:
        """Send a message; waits for a connection and for room.

        With ``last`` none follows, and it does not wait. False: the call is over, and nothing was sent. After
        the end of the request it raises `RuntimeError`. ``compress=False`` leaves the message as it is in a
        call with ``gzip``.
        """

    def half_close(self) -> None:
        """Send no further message. May be repeated."""

    def headers(self) -> Metadata:
        """Wait for the response's headers; empty where the call ended without any."""

    def receive(self) -> bytes | None:
        """Wait for the next message; `None` when no more comes, and `outcome` then has it at once."""

    def received_compressed(self) -> bool:
        """Whether the message that was received last came compressed."""

    def outcome(self, timeout: float | None = None) -> Outcome | None:
        """Wait for the end of the call; `None` when the time is over.

        The end comes behind all messages: a call with unread ones ends when they were received, or by the
        deadline, a failure or a cancellation, which drop them.
        """

    def is_over(self) -> bool:
        """Whether the outcome is known."""

    def cancel(self, reason: str = ..., code: int = 1) -> bool:
        """End the call with this code (CANCELLED), from any thread. False: it was over already.

        The reason completes "the call was cancelled by its caller: ..."; with another code it is the whole
        text.
        """

    def add_done_callback(self, callback: Callable[[], object]) -> bool:
        """Have the callback called once when the outcome is known.

        False, and no call, when it is known already. The call is received by nobody but its waiters: one with
        unread messages does not end by itself.
        """

    def collect(self, callback: Callable[[Outcome], object]) -> None:
        """Receive the one message of the response for whoever does not wait (a future).

        ``callback`` gets the outcome. The outcome is that of `Channel.unary`. No other method may receive
        from then on; `outcome` answers it too.
        """

    def time_left(self) -> float | None:
        """Seconds until the deadline, not below 0; `None` without one."""

    @property
    def peer(self) -> str:
        """The address that the call goes to."""

@disjoint_base
class UnaryMethod:
    """A unary method of a server, made once and called often: the fast way for stubs.

    Made to be subclassed.
    """

    def __new__(
        cls,
        channel: Channel,
        path: str,
        serializer: Callable[[Any], bytes] | None,
        deserializer: Callable[[bytes], Any] | None,
        failed: Callable[[Outcome], BaseException],
        unencodable: Callable[[Exception], BaseException] | None = None,
        undecodable: Callable[[Exception], BaseException] | None = None,
        general: Callable[..., Any] | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> Self:
        """`None` for a serializer or a deserializer hands bytes on as they are.

        ``failed`` makes the exception to raise from an outcome that is not OK, ``unencodable`` and
        ``undecodable`` from an exception of the serializer (or where that makes no bytes) and of the
        deserializer, which are raised as they are where these are `None`. ``general`` is called instead
        of all this, with the request and the same keywords, whenever a call has ``credentials`` or
        ``compression``.
        """

    def __call__(
        self,
        request: Any,
        timeout: float | None = None,
        metadata: MetadataIn | None = None,
        credentials: Any = None,
        wait_for_ready: bool | None = None,
        compression: Any = None,
    ) -> Any:
        """Serialise, call, wait, and deserialise.

        What would be a `StatusError` elsewhere is what ``failed`` makes of it.
        """

# Servers, for threads

@final
class Server:
    """Serves calls on any number of addresses, for threads.

    ``handler`` is called with each call, on the thread that read it. With ``inline`` it may take all the time
    it needs and wait as it likes: the thread has given up reading before, and another one takes it over where
    it takes long. Without, it must return quickly (it hands the call to a pool): the connection is not read
    in the meantime. What it raises fails the call with UNKNOWN, without a word of it to the peer, and goes to
    `sys.unraisablehook`. It need not answer before it returns: a call lives as long as its object.

    ``unary`` has other handlers of unary methods, by their paths, and may change while the server runs: the
    fast way. Such a handler is called instead, with the call and its request, where that has come whole and
    uncompressed, in a context (of `contextvars`) of the call's own. What it returns is sent with OK; `None`:
    it has answered the call by itself, or will.

    Clients of JSON over HTTP/1.1 are served as well: `samehost._json` turns their messages into bytes and
    back, on threads of this module.

    Options, all by name, with the same errors as `Channel`'s: ``max_inbound_message_size``,
    ``max_inbound_metadata_size``, ``initial_credit``, ``spin_limit`` as there, and

    - ``max_concurrent_calls``: how many calls one connection may have open; further ones wait at the client.
      4,096.
    - ``hello_timeout``: how long a client may take to say HELLO; 5 s.
    - of ``unix:`` and ``shm:``: ``allowed_users`` (ids of users who may connect besides this process's),
      ``any_user``.
    - ``ring_bytes``, for those who come over ``shm:``, and ``plain_text_beyond_host``, for listening on
      ``tcp:``, as there.
    - of ``stdio:`` alone: ``exit_with_host`` (this process ends when its host has gone, even while its own
      code is busy; true), ``exit_grace`` (how long it may take to end by itself then; 0.5 s).
    """

    def __new__(
        cls,
        handler: Callable[[ServerCall], object],
        *,
        inline: bool = True,
        unary: dict[str, Callable[[ServerCall, bytes], Any]] | None = None,
        max_inbound_message_size: int = ...,
        max_inbound_metadata_size: int = ...,
        initial_credit: int = ...,
        spin_limit: float = ...,
        max_concurrent_calls: int = ...,
        hello_timeout: float = ...,
        allowed_users: Iterable[int] = ...,
        any_user: bool = ...,
        ring_bytes: int = ...,
        plain_text_beyond_host: bool = ...,
        exit_with_host: bool = ...,
        exit_grace: float = ...,
    ) -> Server: ...
    def listen(self, address: str, credentials: ServerCredentials | None = None) -> str:
        """Take the address; answers the one that a client can use. With credentials it is spoken to by TLS.

        Raises `StatusError` where it cannot be had. Clients can connect from now on, and wait until `start`.
        May be called several times, and after `start` too.
        """

    def start(self) -> None:
        """Begin to serve. May be repeated."""

    def stop(self, grace: float | None = None) -> None:
        """Take no more calls, and does not wait.

        Open calls go on for so long and then fail with UNAVAILABLE; `None` or 0: at once. A later call with a
        shorter grace shortens it.
        """

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the server was stopped and its last connection is closed; false when the time is over.

        A child whose host has gone has stopped too. Raises `StatusError` where an address cannot be listened
        on any longer and none is left.
        """

@final
class ServerCall:
    """One call of a server, for threads. Dropped before it was answered, it fails with UNKNOWN."""

    @property
    def path(self) -> str:
        """``/package.Service/Method``."""
    @property
    def metadata(self) -> Metadata: ...
    @property
    def peer(self) -> Peer: ...
    def caller(self) -> Channel:
        """Give the way back: calls go over the connection that this call came by.

        It makes no connection: once that one has ended, or takes no more calls, a call fails with UNAVAILABLE
        at once. It may be kept after this call, and closing or dropping it ends nothing.
        """

    def medium(self) -> str | None:
        """Tell what carries the bytes of the caller's connection; otherwise as `Channel.medium`."""

    def time_left(self) -> float | None:
        """Seconds until the caller gives up, not below 0; `None` without a deadline."""

    def receive(self) -> bytes | None:
        """Wait for the next message; `None` when the caller sends no more.

        Raises `StatusError` when the call is over: CANCELLED by its caller, DEADLINE_EXCEEDED, or as it was
        failed.
        """

    def received_compressed(self) -> bool:
        """Whether the message that was received last came compressed."""

    def set_compression(self, gzip: bool) -> None:
        """Compress the messages that follow, if the caller takes that.

        Does nothing once headers were sent.
        """

    def send_headers(self, metadata: MetadataIn | None = None) -> bool:
        """Send the response's headers, once and before the first message. False: the call is over.

        Sent twice, or after a message, it raises `RuntimeError`.
        """

    def send(self, message: Buffer, compress: bool = True) -> bool:
        """Send a message, behind empty headers where none were sent; waits for room.

        False: the call is over.
        """

    def answer(
        self,
        code: int = 0,
        text: str = "",
        trailers: MetadataIn | None = None,
        message: Buffer | None = None,
        headers: MetadataIn | None = None,
        compress: bool = True,
    ) -> bool:
        """End the call with a status, and does not wait. A unary answer is one call of this, and one frame.

        ``headers`` where none were sent, ``message`` where there is a last one. False: the call is over, by
        its caller or otherwise.
        """

    def cancel(self, code: int = 1, text: str = "") -> bool:
        """End the call at once, without what was sent and has not gone out. False: it was over already."""

    def is_over(self) -> bool:
        """Whether nobody waits for the answer any more.

        It was given, or the caller has cancelled or gone, or the deadline has passed.
        """

    def was_cancelled(self) -> bool:
        """Whether the call was over before its answer was given."""

    def add_done_callback(self, callback: Callable[[], object]) -> bool:
        """Have the callback called once when the call is over, however.

        False, and no call, when it is over already.
        """

# The same for an event loop. Whatever is said to wait answers an `asyncio.Future` of the loop, which is done
# already where there is nothing to wait for. A future that is cancelled takes nothing with it: a message
# stays to be received.

@final
class Loop:
    """The bridge to one asyncio event loop.

    It watches the links' descriptors with `add_reader` and `add_writer`. No thread takes part in a call;
    connecting and starting children happen on threads that end with that. Handlers and callbacks of the
    objects made with it run on the loop.
    """

    def __new__(cls, loop: asyncio.AbstractEventLoop) -> Loop:
        """For a loop that runs on this thread, or will."""

    def close(self) -> None:
        """End all that is open, and take the descriptors off the loop.

        May be repeated; done when the last object that was made with it is dropped.
        """

@final
class AioChannel:
    """The way to one server, for an event loop: as `Channel`, with the same options."""

    def __new__(cls, loop: Loop, address: str, **options: Any) -> AioChannel: ...
    @property
    def address(self) -> str: ...
    def offer(self, handler: Callable[[AioServerCall], object]) -> None:
        """As `Channel.offer`; the handler is called on the loop, as `AioServer`'s."""

    def medium(self) -> str | None: ...
    def unary(
        self,
        path: str,
        message: Buffer,
        metadata: MetadataIn | None = None,
        timeout: float | None = None,
        wait_for_ready: bool | None = None,
        gzip: bool = False,
    ) -> asyncio.Future[Outcome]:
        """Make a unary call. Cancelling the future cancels the call."""

    def call(
        self,
        path: str,
        metadata: MetadataIn | None = None,
        timeout: float | None = None,
        wait_for_ready: bool | None = None,
        gzip: bool = False,
    ) -> AioCall: ...
    def state(self, connect: bool = False) -> int: ...
    def wait_for_state(self, other_than: int) -> asyncio.Future[int]:
        """Wait until the state is another one; answers it."""

    def close(self, now: bool = True) -> None: ...

@final
class AioCall:
    """One call of a client for an event loop: as `Call`, with futures for what waits."""

    def send(self, message: Buffer, last: bool = False, compress: bool = True) -> asyncio.Future[bool]:
        """As `Call.send`: the message is sent when the future is done. One at a time."""

    def half_close(self) -> None: ...
    def headers(self) -> asyncio.Future[Metadata]: ...
    def receive(self) -> asyncio.Future[bytes | None]: ...
    def received_compressed(self) -> bool: ...
    def outcome(self) -> asyncio.Future[Outcome]: ...
    def is_over(self) -> bool: ...
    def known_outcome(self) -> Outcome | None:
        """Answer the outcome, if it is known."""

    def cancel(self, reason: str = ..., code: int = 1) -> bool: ...
    def add_done_callback(self, callback: Callable[[], object]) -> bool:
        """As `Call.add_done_callback`; on the loop."""

    def time_left(self) -> float | None: ...
    @property
    def peer(self) -> str: ...

@final
class AioServer:
    """Serves calls on an event loop: as `Server`, with the same options but ``inline``.

    ``handler`` is called on the loop, and must return quickly: it makes a task.
    """

    def __new__(cls, loop: Loop, handler: Callable[[AioServerCall], object], **options: Any) -> AioServer: ...
    def listen(self, address: str, credentials: ServerCredentials | None = None) -> str:
        """As `Server.listen`. It may take a moment, but waits for nobody."""

    def start(self) -> None: ...
    def stop(self, grace: float | None = None) -> None: ...
    def wait(self) -> asyncio.Future[None]: ...

@final
class AioServerCall:
    """One call of a server for an event loop: as `ServerCall`, with futures for what waits."""

    @property
    def path(self) -> str: ...
    @property
    def metadata(self) -> Metadata: ...
    @property
    def peer(self) -> Peer: ...
    def caller(self) -> AioChannel: ...
    def caller_for_threads(self) -> Channel:
        """As `caller`, for threads other than the loop's, which has to run meanwhile."""

    def medium(self) -> str | None: ...
    def time_left(self) -> float | None: ...
    def receive(self) -> asyncio.Future[bytes | None]: ...
    def received_compressed(self) -> bool: ...
    def set_compression(self, gzip: bool) -> None: ...
    def send_headers(self, metadata: MetadataIn | None = None) -> bool: ...
    def send(self, message: Buffer, compress: bool = True) -> asyncio.Future[bool]: ...
    def answer(
        self,
        code: int = 0,
        text: str = "",
        trailers: MetadataIn | None = None,
        message: Buffer | None = None,
        headers: MetadataIn | None = None,
        compress: bool = True,
    ) -> bool: ...
    def cancel(self, code: int = 1, text: str = "") -> bool: ...
    def is_over(self) -> bool: ...
    def was_cancelled(self) -> bool: ...
    def add_done_callback(self, callback: Callable[[], object]) -> bool: ...

# The process

def take_standard_streams(exit_with_host: bool = True, exit_grace: float = 0.5) -> None:
    """Move standard input and output to private descriptors, for a server on ``stdio:`` that starts later.

    From then on descriptor 0 is ``/dev/null`` and 1 is what 2 is: a stray print, of C code or of a child too,
    goes to standard error. From then on, too, this process ends when its host has gone, as by `Server`'s
    options. To be called before anything is printed; again it does nothing. Raises `StatusError` where one of
    them is a terminal.
    """

def fault(name: str, *values: str) -> StatusError:
    """Make the error of this name in the catalogue, with these values in its placeholders.

    The catalogue is ``proto/vectors/faults.json``.
    `KeyError` where there is none, `ValueError` where there are not as many values as placeholders.
    """

def settle(timeout: float) -> bool:
    """Wait until no other thread waits in this module, and no handler runs on a thread of it.

    False: the time is over. To be called when the interpreter ends, behind whatever ends calls: it then ends
    every thread that wants the GIL, and one that does so from here would take the process with it. From then
    on requests of JSON are refused.
    """

def log_to(callback: Callable[[int, str, str], object] | None) -> None:
    """Hand on what this side logs, as (level of `logging`, logger's name, text).

    `None`: drop it, as at first.
    """

version: Final[str]
"""The version of the package, ``0.1.0``."""
