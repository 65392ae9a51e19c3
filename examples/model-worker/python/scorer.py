"""`scorer.py ADDRESS WEIGHTS` runs a model there, until SIGTERM or until its host has gone.

With the address `stdio:` it is a child of its caller: `python -m samehost.child scorer.py stdio: WEIGHTS`.
"""

from __future__ import annotations

import json
import math
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from operator import mul
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import grpc
import samehost
from scoring_pb2 import DescribeReply, DescribeRequest, ScoreReply, ScoreRequest
from scoring_pb2_grpc import ScorerServicer, add_ScorerServicer_to_server

if TYPE_CHECKING:
    from collections.abc import Iterator

# Python computes on one thread at a time; the others answer meanwhile what costs nothing.
THREADS = 4

# A batch of vectors is a message: as large as the pool may make it.
LARGEST_BATCH = 16 << 20


class Scorer(ScorerServicer):
    """The service: a logistic regression, which stands for any model."""

    def __init__(self, weights: list[float]) -> None:
        """Load the model before anybody can call."""
        self.weights = weights
        self.scored = 0
        self.open = 0
        self.lock = Lock()

    def Describe(self, request: DescribeRequest, context: grpc.ServicerContext) -> DescribeReply:
        """Tell how it is going."""
        return DescribeReply(dimensions=len(self.weights), scored=self.scored, open=self.open)

    def Score(self, request: ScoreRequest, context: grpc.ServicerContext) -> Iterator[ScoreReply]:
        """Yield scores: no faster than they are read, and no longer than somebody wants them.

        A yield waits while the caller is behind. Where the call is cancelled, or its deadline has passed,
        the generator is not asked for more, but closed.
        """
        for vector in request.vectors:
            if len(vector.values) != len(self.weights):
                message = f"{len(vector.values)} dimensions, and the model has {len(self.weights)}"
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, message)
        self.count(opened=1)
        try:
            for index, vector in enumerate(request.vectors, request.first):
                yield self.score(index, vector.values)
                self.count(scored=1)
        finally:
            self.count(opened=-1)

    def score(self, index: int, values: list[float]) -> ScoreReply:
        """Compute one score, and what has made it."""
        contributions = list(map(mul, self.weights, values))
        score = 1 / (1 + math.exp(-sum(contributions)))
        return ScoreReply(index=index, score=score, contributions=contributions)

    def count(self, *, opened: int = 0, scored: int = 0) -> None:
        """Count what is going on, on any thread."""
        with self.lock:
            self.open += opened
            self.scored += scored


def main(address: str, weights: str) -> None:
    """Say READY once clients can connect."""
    scorer = Scorer(json.loads(Path(weights).read_text(encoding="utf-8")))
    server = samehost.server(address, ThreadPoolExecutor(THREADS), max_inbound_message_size=LARGEST_BATCH)
    add_ScorerServicer_to_server(scorer, server)
    server.start()
    signal.signal(signal.SIGTERM, lambda *_: server.stop(5))  # lets the batches that are open end
    print(f"READY {address}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
