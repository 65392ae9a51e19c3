"""A host starts children, hands on what they write, and starts them again; a child's prints harm nothing."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import samehost
from calling import HERE, PATIENCE, child_address, error_of
from echo import FOR_EVER
from stubs import Ask, EchoStub, Order

if TYPE_CHECKING:
    from collections.abc import Iterator

WAYS = ["print", "write", "puts", "echo"]

# Writes so many lines to its standard error, and ends.
TALKER = [sys.executable, "-c", "import sys; [print(i, file=sys.stderr) for i in range(int(sys.argv[1]))]"]


def wait_for(condition: Any) -> None:
    """Wait until it holds."""
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def wait_until_all_are_handed() -> None:
    """Wait until the thread that hands on a child's lines has ended: it does after the last of them."""

    def is_handing() -> bool:
        for name in Path("/proc/self/task").glob("*/comm"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if name.read_text() == "samehost-stderr\n":
                    return True
        return False

    wait_for(lambda: not is_handing())


def address_of(how: str) -> str:
    """Start the noisy child by the module, or by itself."""
    return child_address("noisy.py") if how == "module" else f"stdio:{sys.executable} {HERE}/noisy.py take"


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("how", ["module", "call at the top"])
def test_what_a_child_prints_goes_to_standard_error(how: str, unbuffered: str) -> None:
    lines: list[str] = []
    environment = {"PYTHONUNBUFFERED": unbuffered}
    with samehost.channel(address_of(how), environment=environment, stderr_lines=lines.append) as channel:
        for _ in range(3):
            assert EchoStub(channel).Say(Ask(data=b"x")).data == b"x"
        expected = [f"{when}: {way}" for when in ["starting", *["serving"] * 3] for way in WAYS]
        wait_for(lambda: len(lines) >= len(expected))
    assert lines == expected


def test_lines_of_children_are_logged_where_nobody_takes_them(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "samehost")
    with samehost.channel(child_address("noisy.py")) as channel:
        EchoStub(channel).Say(Ask())
        wait_for(lambda: "serving: echo" in caplog.text)
    assert any(record.name.startswith("samehost") for record in caplog.records)


def test_lines_that_nobody_takes_in_time_are_dropped_and_counted() -> None:
    lines: list[str] = []
    taken = threading.Event()

    def take(line: str) -> None:
        assert taken.wait(PATIENCE)
        lines.append(line)

    with samehost.channel("stdio:", arguments=[*TALKER, "20000"], stderr_lines=take) as channel:
        error = error_of(lambda: EchoStub(channel).Say(Ask()))
        assert error.details().endswith("19998\n19999")
        wait_until_all_are_handed()
        taken.set()
        wait_for(lambda: lines and "dropped" in lines[-1])
    assert lines[:-1] == [str(number) for number in range(len(lines) - 1)]
    assert lines[-1] == f"({20_001 - len(lines)} lines were dropped here, as more came than were taken)"
    assert len(lines) < 2_000


def test_lines_that_nobody_logs_in_time_are_dropped_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "samehost")
    records: list[logging.LogRecord] = []
    taken = threading.Event()

    class Slow(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            assert taken.wait(PATIENCE)
            records.append(record)

    logger, slow = logging.getLogger("samehost"), Slow()
    logger.addHandler(slow)
    try:
        with samehost.channel("stdio:", arguments=[*TALKER, "20000"]) as channel:
            assert error_of(lambda: EchoStub(channel).Say(Ask())).details().endswith("19998\n19999")
            wait_until_all_are_handed()
            taken.set()
            wait_for(lambda: any("dropped" in record.getMessage() for record in records))
    finally:
        taken.set()
        logger.removeHandler(slow)
    told = next(record for record in records if "dropped" in record.getMessage())
    assert (told.levelno, told.name) == (logging.WARNING, "samehost.stdio")
    assert 1_000 < records.index(told) < 2_000


def test_a_child_that_dies_in_mid_call_is_told_of_and_started_again() -> None:
    lines: list[str] = []
    address = child_address("worker.py")
    with samehost.channel(address, backoff=0.01, longest_backoff=0.05, stderr_lines=lines.append) as channel:
        stub = EchoStub(channel)
        for _ in range(3):
            error = error_of(lambda: stub.Say(Ask(order=Order(abort=True)), wait_for_ready=True))
            assert error.code() is grpc.StatusCode.UNAVAILABLE
            assert "exited with status 3 with calls open" in error.details()
            assert error.details().startswith(f"{address}: the child (pid ")
        assert stub.Say(Ask(data=b"again"), wait_for_ready=True).data == b"again"


def test_a_child_that_cannot_serve_is_told_of_with_its_last_lines(tmp_path: Path) -> None:
    program = tmp_path / "broken.py"
    program.write_text("raise ValueError('no model')\n")
    with samehost.channel(f"stdio:{sys.executable} -m samehost.child {program}") as channel:
        error = error_of(lambda: EchoStub(channel).Say(Ask()))
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert "exited with status 1 before it said HELLO" in error.details()
    assert error.details().endswith("ValueError: no model")


def test_a_program_that_is_not_there_is_told_of_with_the_folder_and_without_a_traceback(
    tmp_path: Path,
) -> None:
    address = f"stdio:{sys.executable} -m samehost.child gone.py"
    with samehost.channel(address, folder=tmp_path) as channel:
        error = error_of(lambda: EchoStub(channel).Say(Ask()))
    assert "exited with status 2 before it said HELLO" in error.details()
    assert error.details().endswith(
        f"Its last lines on stderr: samehost.child: no program gone.py (started in {tmp_path})"
    )


def test_a_child_gets_arguments_environment_and_folder(tmp_path: Path) -> None:
    program = tmp_path / "tell.py"
    program.write_text(
        "import os, sys\n"
        "print(sys.argv, __name__, sys.path[0], os.environ['TOLD'], os.getcwd(), file=sys.stderr)\n"
    )
    folder = tmp_path / "folder"
    folder.mkdir()
    lines: list[str] = []
    with samehost.channel(
        "stdio:",
        arguments=[sys.executable, "-m", "samehost.child", program, "one two", ""],
        environment={"TOLD": "yes"},
        folder=folder,
        stderr_lines=lines.append,
    ) as channel:
        error_of(lambda: EchoStub(channel).Say(Ask()))
    wait_for(lambda: lines)
    assert lines == [f"{[str(program), 'one two', '']} __main__ {tmp_path} yes {folder}"]


def test_a_module_is_run_as_a_child_too(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "module.py").write_text("import sys; print(sys.argv[1:], __name__, __package__)\n")
    lines: list[str] = []
    with samehost.channel(
        "stdio:",
        arguments=[sys.executable, "-m", "samehost.child", "-m", "package.module", "a"],
        folder=tmp_path,
        stderr_lines=lines.append,
    ) as channel:
        error_of(lambda: EchoStub(channel).Say(Ask()))
    wait_for(lambda: lines)
    assert lines == ["['a'] __main__ package"]


@pytest.mark.parametrize("arguments", [[], ["-m"]])
def test_the_command_says_how_it_is_used(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "samehost.child", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("usage: python -m samehost.child ")


def test_a_terminal_is_refused_with_the_reason() -> None:
    ours, theirs = os.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "samehost.child", "app.py"],
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 1
    assert "is a terminal, but a host's pipe is needed" in done.stderr


def test_a_child_ends_with_its_channel() -> None:
    lines: list[str] = []
    channel = samehost.channel(child_address("pid.py"), stderr_lines=lines.append)
    EchoStub(channel).Say(Ask())
    wait_for(lambda: lines)
    pid = int(lines[0])
    assert lives(pid)
    channel.close()
    wait_for(lambda: not lives(pid))


@contextlib.contextmanager
def stubborn(lines: list[str], **options: Any) -> Iterator[grpc.Channel]:
    """Give a channel to a child that will not die and has one of its own; both end here at last."""
    address = f"stdio:{sys.executable} {HERE}/stubborn.py"
    told: list[str] = []

    def tell(line: str) -> None:
        told.append(line)
        lines.append(line)

    try:
        with samehost.channel(address, stderr_lines=tell, **options) as channel:
            yield channel
    finally:
        for pid in " ".join(told).split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)


def test_a_child_that_will_not_die_is_killed() -> None:
    lines: list[str] = []
    with stubborn(lines, grace=0.05) as channel:
        EchoStub(channel).Say(Ask())
        wait_for(lambda: lines)
        pid, grandchild = map(int, lines[0].split())
        channel.close()
        wait_for(lambda: not lives(pid))
        assert lives(grandchild)


def test_a_grandchild_that_keeps_the_pipes_open_hides_no_death() -> None:
    lines: list[str] = []
    with stubborn(lines, grace=0.05, backoff=0.01) as channel:
        stub = EchoStub(channel)
        stub.Say(Ask())
        wait_for(lambda: lines)
        pid, grandchild = map(int, lines[0].split())
        waiting = stub.Say.future(Ask(order=Order(wait_millis=FOR_EVER)))
        os.kill(pid, signal.SIGKILL)
        assert "was killed by signal 9 (SIGKILL)" in waiting.exception(PATIENCE).details()
        assert stub.Say(Ask(data=b"again"), wait_for_ready=True, timeout=PATIENCE).data == b"again"
        assert lives(grandchild)


def lives(pid: int) -> bool:
    """Tell whether a process runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
