package dev.samehost.demo;

import dev.samehost.SamehostAttributes;
import dev.samehost.stub.IncomingCall;
import io.grpc.Status;
import java.util.function.Consumer;

/** The service, in plain Java: one method for each of the contract's. */
final class TextAnalysisService implements TextAnalysis {
  @Override
  public Counts count(Text request) {
    Counts counts = new Tally().add(request).counts();
    if (counts.getWords() == 0) {
      throw Status.INVALID_ARGUMENT
          .withDescription("there are no words to count")
          .asRuntimeException();
    }
    return counts;
  }

  @Override
  public void words(Text request, Consumer<Word> replies) {
    new Tally().add(request).words().forEach(replies);
  }

  @Override
  public Counts summarise(Iterable<Text> requests) {
    Tally tally = new Tally();
    requests.forEach(tally::add);
    return tally.counts();
  }

  @Override
  public void follow(Iterable<Text> requests, Consumer<Counts> replies) {
    Tally tally = new Tally();
    for (Text piece : requests) {
      replies.accept(tally.add(piece).counts());
    }
  }

  /** Calls the caller back, over its connection. */
  @Override
  public Counts countUnknown(Text request) {
    VocabularyClient vocabulary =
        Vocabulary.client(IncomingCall.current().attributes().get(SamehostAttributes.CALLER));
    return new Tally().add(request).without(word -> vocabulary.know(word).getKnown()).counts();
  }
}
