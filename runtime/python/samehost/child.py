"""For programs that serve their host over standard input and output, the address `stdio:`.

    python -m samehost.child app.py [ARGUMENT...]
    python -m samehost.child -m package.module [ARGUMENT...]

runs a program with both streams moved away before its first line, so that nothing that it prints, nor what C
code or a process started by it prints, gets between the messages: it goes to standard error. A program can
also do so itself, by `samehost.child.take_streams()` before it prints. Imports no grpc.
"""

from __future__ import annotations

import io
import os
import runpy
import sys
from pathlib import Path

from samehost import _native

_USAGE = "usage: python -m samehost.child (app.py | -m package.module) [ARGUMENT...]"


def take_streams(*, exit_with_host: bool = True, exit_grace: float = 0.5) -> None:
    """Keep standard input and output for a server on `stdio:`, which may be made at any later time.

    From now on input is empty and what is printed goes to standard error, line by line. With
    `exit_with_host` this process ends when its host has gone, at most `exit_grace` seconds later, whatever
    its own code is doing. May be repeated. Raises RuntimeError where a stream is a terminal.
    """
    try:
        _native.take_standard_streams(exit_with_host, exit_grace)
    except _native.StatusError as error:
        raise RuntimeError(error.text) from error
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)


def _run(arguments: list[str]) -> None:
    """Run a program as if it had been started by itself."""
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        sys.path[0] = os.getcwd()  # noqa: PTH109 as python -m does
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        sys.path[0] = str(Path(arguments[0]).resolve().parent)
        runpy.run_path(arguments[0], run_name="__main__")


def main() -> int:
    """Take the streams, and run the program that the arguments name."""
    arguments = sys.argv[1:]
    if len(arguments) < (2 if arguments[:1] == ["-m"] else 1):
        print(_USAGE, file=sys.stderr)
        return 2
    try:
        take_streams()
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    # Said here, as the traceback of runpy fills the last lines that a host keeps, and names no folder.
    if arguments[0] != "-m" and not Path(arguments[0]).exists():
        print(f"samehost.child: no program {arguments[0]} (started in {Path.cwd()})", file=sys.stderr)
        return 2
    _run(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
