"""The service, by the servicer that grpcio generates: one method for each of the contract's."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import grpc
import samehost
from text_analysis_pb2 import Counts, Knowledge, Text, Word
from text_analysis_pb2_grpc import TextAnalysisServicer, VocabularyServicer, VocabularyStub

if TYPE_CHECKING:
    from collections.abc import Iterator


class TextAnalysis(TextAnalysisServicer):
    """Counts words."""

    def Count(self, request: Text, context: grpc.ServicerContext) -> Counts:
        """Refuse a text without words."""
        counts = count(tally(request))
        if counts.words == 0:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "there are no words to count")
        return counts

    def Words(self, request: Text, context: grpc.ServicerContext) -> Iterator[Word]:
        """Yield a reply at a time."""
        for word, times in sorted(tally(request).items(), key=lambda item: (-item[1], item[0])):
            yield Word(word=word, times=times)

    def Summarise(self, request_iterator: Iterator[Text], context: grpc.ServicerContext) -> Counts:
        """Read all the requests, and reply once."""
        words: Counter[str] = Counter()
        for piece in request_iterator:
            words += tally(piece)
        return count(words)

    def Follow(self, request_iterator: Iterator[Text], context: grpc.ServicerContext) -> Iterator[Counts]:
        """Reply to each request as it comes."""
        words: Counter[str] = Counter()
        for piece in request_iterator:
            words += tally(piece)
            yield count(words)

    def CountUnknown(self, request: Text, context: grpc.ServicerContext) -> Counts:
        """Call the caller back, over its connection."""
        vocabulary = VocabularyStub(samehost.caller(context))
        words = tally(request)
        for word in list(words):
            if vocabulary.Know(Word(word=word)).known:
                del words[word]
        return count(words)


class Vocabulary(VocabularyServicer):
    """What the caller offers on its own connection."""

    def Know(self, request: Word, context: grpc.ServicerContext) -> Knowledge:
        """Know four words."""
        return Knowledge(known=request.word in {"the", "quick", "brown", "fox"})


def tally(text: Text) -> Counter[str]:
    """Tell how often each word occurs."""
    return Counter(re.findall(r"[^\W_]+", text.text.lower()))


def count(words: Counter[str]) -> Counts:
    """Sum a tally up."""
    return Counts(words=sum(words.values()), different_words=len(words))
