"""`call.py ADDRESS...` makes calls of every kind there; exit code 1 when an answer is wrong."""

from __future__ import annotations

import sys
import time
from itertools import islice
from queue import SimpleQueue

import grpc
import samehost
from service import Vocabulary
from text_analysis_pb2 import Counts, Text
from text_analysis_pb2_grpc import TextAnalysisStub, add_VocabularyServicer_to_server

FOX = Text(text="The quick brown fox jumps over the lazy dog.")
PIECES = [Text(text=piece) for piece in ("The quick brown fox", "jumps over", "the lazy dog.")]


def unary(analysis: TextAnalysisStub) -> str:
    """Wait for the reply."""
    return show(analysis.Count(FOX))


def future(analysis: TextAnalysisStub) -> str:
    """Do something else until the reply is wanted."""
    return show(analysis.Count.future(FOX).result())


def server_streaming(analysis: TextAnalysisStub) -> str:
    """Read as many replies as are wanted; the call is cancelled where some are left."""
    replies = analysis.Words(FOX)
    words = [f"{word.word} {word.times}" for word in islice(replies, 3)]
    replies.cancel()
    return ", ".join(words)


def client_streaming(analysis: TextAnalysisStub) -> str:
    """Send whatever can be iterated over."""
    return show(analysis.Summarise(iter(PIECES)))


def both_streaming(analysis: TextAnalysisStub) -> str:
    """Send each piece when the one before has been answered."""
    pieces: SimpleQueue[Text | None] = SimpleQueue()
    replies = analysis.Follow(iter(pieces.get, None))
    so_far = []
    for piece in PIECES:
        pieces.put(piece)
        so_far.append(str(next(replies).words))
    pieces.put(None)
    so_far += [str(reply.words) for reply in replies]
    return ", ".join(so_far) + " words"


def called_back(analysis: TextAnalysisStub) -> str:
    """Answer, meanwhile, what the service asks of this side's vocabulary."""
    return show(analysis.CountUnknown(FOX))


def error(analysis: TextAnalysisStub) -> str:
    """Ask what the service refuses."""
    try:
        return show(analysis.Count(Text(text="...")))
    except grpc.RpcError as failure:
        return f"{failure.code().name}: {failure.details()}"


def deadline(analysis: TextAnalysisStub) -> str:
    """Leave the server waiting for a piece, which never comes."""
    pieces: SimpleQueue[Text | None] = SimpleQueue()
    try:
        return show(next(analysis.Follow(iter(pieces.get, None), timeout=0.2)))
    except grpc.RpcError as failure:
        return failure.code().name
    finally:
        pieces.put(None)


def show(counts: Counts) -> str:
    """Put counts into words."""
    return f"{counts.words} words, {counts.different_words} different"


# What is called, the answer that is right, and how it is called.
STEPS = [
    ("Count, connecting first", "9 words, 8 different", unary),
    ("Count again", "9 words, 8 different", unary),
    ("Count, as a future", "9 words, 8 different", future),
    ("Words, a stream of replies", "the 2, brown 1, dog 1", server_streaming),
    ("Summarise, a stream of requests", "9 words, 8 different", client_streaming),
    ("Follow, both stream", "4, 6, 9 words", both_streaming),
    ("CountUnknown, which asks back", "4 words, 4 different", called_back),
    ("Count, an error on purpose", "INVALID_ARGUMENT: there are no words to count", error),
    ("Follow, a deadline on purpose", "DEADLINE_EXCEEDED", deadline),
]


def call(address: str) -> None:
    """Take every step; whatever the address is, the calls are the same."""
    print(f"\nPython calls {address}", flush=True)
    with samehost.channel(address) as channel:
        add_VocabularyServicer_to_server(Vocabulary(), channel)
        analysis = TextAnalysisStub(channel)
        for what, right, way in STEPS:
            begin = time.perf_counter()
            answer = way(analysis)
            millis = (time.perf_counter() - begin) * 1e3
            print(f"  {what:<34} {answer:<48} {millis:8.2f} ms", flush=True)
            if answer != right:
                sys.exit(f"{what}: the answer should be {right}")


if __name__ == "__main__":
    for each in sys.argv[1:]:
        call(each)
