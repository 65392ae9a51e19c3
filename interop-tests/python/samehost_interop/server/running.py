"""How a server program runs: its flags, what it prints, how it exits."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from samehost_interop.flags import Flags, Misused

if TYPE_CHECKING:
    from collections.abc import Callable

GRACE_SECONDS = 5
"""How long open calls may take after SIGTERM."""


def say_ready(address: str) -> None:
    """Tell that clients can connect: on stderr where standard output is the wire."""
    print(f"READY {address}", file=sys.stderr if address == "stdio:" else sys.stdout, flush=True)


def run(serve: Callable[[str], None]) -> int:
    """Serve as the flags say."""
    try:
        address = Flags(sys.argv[1:], ("address",)).get("address")
    except Misused as error:
        print(f"server: {error}; it takes --address ADDRESS", file=sys.stderr)
        return 2
    try:
        serve(address)
    except RuntimeError as error:
        print(f"server: {error}", file=sys.stderr)
        return 1
    return 0
