"""What concerns whole processes: children, signals, forks, the end of the interpreter, hostile peers."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from samehost import _native

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from native.conftest import Obedient

SOON = 30.0
PROGRAMS = Path(__file__).parent / "programs"


def eventually(what: Callable[[], bool]) -> None:
    """Wait until something is true."""
    until = time.monotonic() + SOON
    while not what():
        assert time.monotonic() < until, "it has not come about"
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended, reaped or not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
    except OSError:
        return True
    return state in "ZX"


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    return subprocess.run(
        # Newer interpreters warn of every fork beside threads.
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(program), *arguments],
        capture_output=True,
        text=True,
        timeout=SOON,
        check=False,
    )


@pytest.fixture
def lines() -> list[str]:
    """Give what the child has written to its standard error."""
    return []


@pytest.fixture
def child(lines: list[str]) -> Iterator[_native.Channel]:
    """Give a channel to a child of Python's."""
    arguments = [sys.executable, str(PROGRAMS / "child.py")]
    channel = _native.Channel("stdio:child", arguments=arguments, stderr_lines=lines.append)
    yield channel
    channel.close()


def test_a_child_serves_and_what_it_prints_stays_off_the_stream(
    child: _native.Channel, lines: list[str]
) -> None:
    assert child.unary("/test.Child/Echo", b"hello").message == b"hello"
    call = child.call("/test.Child/Chat")
    for number in range(10):
        assert call.send(b"%d" % number)
        assert call.receive() == b"%d" % number
    child.unary("/test.Child/Print", b"")
    eventually(lambda: "a line for the host" in lines)
    assert {"a stray print", "a stray write", "a stray child"} <= set(lines)


def test_a_child_that_is_killed_is_told_and_the_next_call_has_another_one(child: _native.Channel) -> None:
    pid = int(child.unary("/test.Child/Pid", b"").message or b"0")
    call = child.call("/test.Child/Chat")
    call.send(b"x")
    assert call.receive() == b"x"
    os.kill(pid, signal.SIGKILL)
    outcome = call.outcome()
    assert outcome is not None
    assert outcome.code == 14
    assert "was killed by signal 9 (SIGKILL)" in outcome.text
    assert int(child.unary("/test.Child/Pid", b"", wait_for_ready=True).message or b"0") != pid


def test_a_child_ends_with_its_channel(child: _native.Channel) -> None:
    pid = int(child.unary("/test.Child/Pid", b"").message or b"0")
    child.close()
    eventually(lambda: is_gone(pid))


@pytest.mark.parametrize("method", ["HoldTheLock"])
def test_a_child_ends_with_a_killed_host_though_c_code_has_the_lock(method: str) -> None:
    host = subprocess.Popen(
        [sys.executable, str(PROGRAMS / "host.py"), str(PROGRAMS / "child.py"), method],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert host.stdout is not None
    with host, host.stdout as told:
        pid = int(told.readline())
        assert not is_gone(pid)
        host.kill()
        host.wait(SOON)
        eventually(lambda: is_gone(pid))


def echoed(child: _native.Channel, message: bytes) -> bytes | None:
    """Call a child as soon as there is one, and give its answer if there is any."""
    return child.unary("/test.Child/Echo", message, timeout=SOON, wait_for_ready=True).message


def test_a_fork_of_a_childs_holds_up_nothing(child: _native.Channel) -> None:
    pid = int(child.unary("/test.Child/Pid", b"").message or b"0")
    forked = int(child.unary("/test.Child/Fork", b"").message or b"0")
    try:
        assert child.unary("/test.Child/Echo", b"on").message == b"on"
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: is_gone(pid))
        # A call that goes out before the end of the link was seen fails with it, and is not made again.
        eventually(lambda: echoed(child, b"x") == b"x")
    finally:
        os.kill(forked, signal.SIGKILL)


def test_ctrl_c_leaves_a_call_that_waits_and_cancels_it(server: str, obedient: Obedient) -> None:
    channel = _native.Channel(server)

    def interrupt() -> None:
        obedient.began.wait(SOON)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        channel.unary("/test.Service/Hold", b"")
    assert time.monotonic() - began < SOON
    assert obedient.cancelled.wait(SOON)


def test_a_signal_whose_handler_returns_does_not_end_a_wait(server: str, obedient: Obedient) -> None:
    channel = _native.Channel(server)
    seen = threading.Event()
    before = signal.signal(signal.SIGUSR1, lambda *_: seen.set())
    try:

        def interrupt() -> None:
            obedient.began.wait(SOON)
            os.kill(os.getpid(), signal.SIGUSR1)
            seen.wait(SOON)
            obedient.release.set()

        threading.Thread(target=interrupt).start()
        assert channel.unary("/test.Service/Hold", b"").message == b"released"
        assert seen.is_set()
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_ctrl_c_leaves_a_servers_wait(tmp_path: Path) -> None:
    server = _native.Server(lambda _: None)
    server.listen(f"unix:{tmp_path}/s")
    server.start()
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        server.wait()
    assert not server.wait(0.01)


def test_a_forked_child_harms_neither_side_and_can_call_anew(server: str, obedient: Obedient) -> None:
    channel = _native.Channel(server)
    assert channel.unary("/test.Service/Echo", b"before").message == b"before"
    held = channel.call("/test.Service/Hold")
    held.send(b"", last=True)
    assert obedient.began.wait(SOON)
    sockets = {name for name in os.listdir("/proc/self/fd") if _is_socket(name)}  # noqa: PTH208
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            told = []
            try:
                channel.unary("/test.Service/Echo", b"")
            except _native.StatusError as error:
                told.append(f"{error.code} {'forked' in error.text}")
            left = {name for name in os.listdir("/proc/self/fd") if _is_socket(name)}  # noqa: PTH208
            told.append(str(len(left & sockets)))
            channel.close()
            anew = _native.Channel(server)
            told.append((anew.unary("/test.Service/Echo", b"anew", timeout=SOON).message or b"").decode())
            os.write(write, " ".join(told).encode())
        finally:
            os._exit(0)
    os.close(write)
    assert select.select([read], [], [], SOON)[0]
    assert os.read(read, 1000).decode() == "14 True 0 anew"
    os.close(read)
    os.waitpid(pid, 0)
    assert channel.unary("/test.Service/Echo", b"after").message == b"after"
    obedient.release.set()
    assert held.receive() == b"released"


def _is_socket(name: str) -> bool:
    try:
        return Path(f"/proc/self/fd/{name}").readlink().name.startswith("socket:")
    except OSError:
        return False


def test_a_forked_child_that_ends_ends_nothing_of_its_parents(server: str) -> None:
    channel = _native.Channel(server)
    assert channel.unary("/test.Service/Echo", b"before").message == b"before"
    done = run(
        """
        import os, sys
        from samehost import _native
        server = _native.Server(lambda call: call.answer(message=call.receive()))
        address = server.listen(f"unix:{sys.argv[1]}")
        server.start()
        channel = _native.Channel(address)
        assert channel.unary("/a.B/C", b"1").message == b"1"
        pid = os.fork()
        if pid == 0:
            del channel, server
            sys.exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
        assert channel.unary("/a.B/C", b"2").message == b"2"
        assert _native.Channel(address).unary("/a.B/C", b"3").message == b"3"
        """,
        server.removeprefix("unix:") + "2",
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_an_interpreter_ends_with_calls_open_on_both_sides(server: str) -> None:
    done = run(
        """
        import sys, threading
        from samehost import _native
        began = threading.Event()
        def handler(call):
            began.set()
            threading.Event().wait()
        server = _native.Server(handler)
        address = server.listen(sys.argv[2])
        server.start()
        channels = [_native.Channel(address), _native.Channel(sys.argv[1])]
        calls = [channel.call("/test.Service/Hold") for channel in channels]
        for call in calls:
            call.send(b"", last=True)
            call.add_done_callback(lambda: None)
        waiting = threading.Thread(target=calls[0].receive, daemon=True)
        waiting.start()
        assert began.wait(30)
        print("end")
        """,
        server,
        server + "2",
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "end\n", "")


@pytest.mark.parametrize(
    "hostile",
    [
        b"GET / HTTP/1.1\r\nhost\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + os.urandom(4096),
        os.urandom(4096),
        b"",
    ],
)
def test_hostile_bytes_lose_their_own_connection_alone(server: str, hostile: bytes) -> None:
    channel = _native.Channel(server)
    assert channel.unary("/test.Service/Echo", b"before").message == b"before"
    for _ in range(20):
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(server.removeprefix("unix:"))
            peer.sendall(hostile)
            if hostile:
                peer.settimeout(SOON)
                try:
                    while peer.recv(4096):
                        pass
                except ConnectionResetError:
                    pass
    assert channel.unary("/test.Service/Echo", b"after").message == b"after"


def test_a_deadline_passes_at_the_server_though_its_caller_is_stopped(
    server: str, obedient: Obedient
) -> None:
    program = """
    import sys
    from samehost import _native
    channel = _native.Channel(sys.argv[1])
    channel.unary("/test.Service/Echo", b"")
    channel.unary("/test.Service/Hold", b"", timeout=2.0)
    """
    caller = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program), server])
    with caller:
        try:
            assert obedient.began.wait(SOON)
            caller.send_signal(signal.SIGSTOP)
            assert obedient.cancelled.wait(SOON)
        finally:
            caller.kill()


def test_a_server_that_speaks_nonsense_is_named(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{tmp_path}/s")
        listener.listen()

        def answer() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.sendall(b"220 mail.example ESMTP\r\n")
                peer.recv(1000)

        threading.Thread(target=answer).start()
        outcome = _native.Channel(f"unix:{tmp_path}/s").unary("/a.B/C", b"")
    assert outcome.code == 14
    assert "220 mail" in outcome.text


def test_importing_the_package_is_cheap_and_starts_no_thread() -> None:
    done = run(
        """
        import sys, os
        import samehost._native
        assert "grpc" not in sys.modules
        assert "asyncio" not in sys.modules
        assert len(os.listdir("/proc/self/task")) == 1
        """
    )
    assert (done.returncode, done.stderr) == (0, "")
