"""`serve.py ADDRESS` serves text analysis there, until SIGTERM or until its host has gone.

With the address `stdio:` it is a child of its caller: `python -m samehost.child serve.py stdio:`.
"""

from __future__ import annotations

import signal
import sys

import samehost
from service import TextAnalysis
from text_analysis_pb2_grpc import add_TextAnalysisServicer_to_server


def main(address: str) -> None:
    """Say READY once clients can connect."""
    server = samehost.server(address)
    add_TextAnalysisServicer_to_server(TextAnalysis(), server)
    server.start()
    signal.signal(signal.SIGTERM, lambda *_: server.stop(5))  # lets the calls that are open end
    print(f"READY {address}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main(sys.argv[1])
