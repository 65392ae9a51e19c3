"""The interop client: prints a line for each case; exits 0 when all passed, 1 otherwise, 2 if misused."""

from __future__ import annotations

import sys

from samehost_interop.client.killed import hold
from samehost_interop.client.runner import Runner
from samehost_interop.client.session import Session
from samehost_interop.flags import Flags, Misused
from samehost_interop.suite import Suite

_FLAGS = ("language", "address", "case", "server", "home", "hold")


def run(flags: Flags) -> bool:
    """Run what the flags say; answers whether all passed."""
    suite = Suite(flags.find("home") or "interop-tests")
    cases = suite.cases(flags.find("case") or "all")
    language = flags.find("language") or "python"
    session = Session(language, flags.get("address"), flags.find("server") or language, suite)
    key = flags.find("hold")
    if key is not None:
        hold(session, key)
        return True
    runner = Runner(session)
    for case in cases:
        runner.run(case)
    return runner.finish()


def main() -> int:
    """Run as the command line says."""
    try:
        return 0 if run(Flags(sys.argv[1:], _FLAGS)) else 1
    except Misused as error:
        print(f"client: {error}", file=sys.stderr)
        print(
            "It takes --address ADDRESS --case NAME|all|faults, and [--server LANGUAGE] of the server.",
            file=sys.stderr,
        )
        return 2


if __name__ == "__main__":
    sys.exit(main())
