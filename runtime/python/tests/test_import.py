"""Importing is cheap: grpc comes when a gRPC surface is asked for, and what needs none works without it."""

from __future__ import annotations

import subprocess
import sys

import pytest
import samehost


def run(program: str) -> str:
    """Run a program in a fresh interpreter; give what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_samehost_imports_no_grpc() -> None:
    assert run("import samehost, samehost.child, sys; print('grpc' in sys.modules)") == "False\n"


@pytest.mark.parametrize("name", ["channel", "server", "Channel", "Context", "Server", "aio"])
def test_asking_for_a_surface_imports_grpc(name: str) -> None:
    assert run(f"import samehost, sys; samehost.{name}; print('grpc' in sys.modules)") == "True\n"


def test_without_grpcio_the_native_half_and_children_work() -> None:
    assert (
        run(
            "import sys; sys.modules['grpc'] = None\n"
            "import samehost, samehost.child, samehost._native as native\n"
            "print(native.Channel('unix:/none').unary('/a/B', b'').code)"
        )
        == "14\n"
    )


def test_what_is_for_children_is_there_without_grpc() -> None:
    assert run("import samehost, sys; samehost.child.take_streams; print('grpc' in sys.modules)") == "False\n"


def test_names_are_listed_before_they_are_imported() -> None:
    assert {"Channel", "Context", "Server", "aio", "channel", "child", "server"} <= set(dir(samehost))
    with pytest.raises(AttributeError, match="no attribute 'gone'"):
        samehost.gone  # noqa: B018 it is the asking
