package dev.samehost.demo;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;

import dev.samehost.SamehostChannelBuilder;
import dev.samehost.stub.Conversation;
import dev.samehost.stub.Replies;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** {@code Call ADDRESS...} makes calls of every kind there; exit code 1 when an answer is wrong. */
public final class Call {
  private static final Text FOX = text("The quick brown fox jumps over the lazy dog.");
  private static final List<Text> PIECES =
      List.of(text("The quick brown fox"), text("jumps over"), text("the lazy dog."));

  private static final Set<String> KNOWN = Set.of("the", "quick", "brown", "fox");

  private final Steps steps = new Steps();
  private final TextAnalysisClient analysis;

  private Call(TextAnalysisClient analysis) {
    this.analysis = analysis;
  }

  public static void main(String[] addresses) throws Exception {
    for (String address : addresses) {
      System.out.println("\nJava calls " + address);
      call(address);
    }
  }

  /** Whatever the address is, the calls are the same. */
  private static void call(String address) throws InterruptedException {
    ManagedChannel channel =
        SamehostChannelBuilder.forAddress(address)
            .addService(Vocabulary.server(Call::know))
            .build();
    try {
      new Call(TextAnalysis.client(channel).withDeadlineAfter(30, SECONDS)).run();
    } finally {
      channel.shutdown();
    }
    // Where the server is a child of this process, it ends with the channel.
    if (!channel.awaitTermination(10, SECONDS)) {
      throw new IllegalStateException("the channel to " + address + " does not close");
    }
  }

  private void run() {
    steps.step("Count, connecting first", "9 words, 8 different", this::unary);
    steps.step("Count again", "9 words, 8 different", this::unary);
    steps.step("Count, as a future", "9 words, 8 different", this::future);
    steps.step("Words, a stream of replies", "the 2, brown 1, dog 1", this::serverStreaming);
    steps.step("Summarise, a stream of requests", "9 words, 8 different", this::clientStreaming);
    steps.step("Follow, both stream", "4, 6, 9 words", this::bothStreaming);
    steps.step("CountUnknown, which asks back", "4 words, 4 different", this::calledBack);
    steps.step(
        "Count, an error on purpose", "INVALID_ARGUMENT: there are no words to count", this::error);
    steps.step("Follow, a deadline on purpose", "DEADLINE_EXCEEDED", this::deadline);
  }

  private String unary() {
    return show(analysis.count(FOX));
  }

  private String future() {
    return analysis.countAsync(FOX).thenApply(Call::show).join();
  }

  /** The caller reads as it likes; what it leaves unread ends with the stream. */
  private String serverStreaming() {
    List<String> words = new ArrayList<>();
    try (Replies<Word> replies = analysis.words(FOX)) {
      while (words.size() < 3 && replies.hasNext()) {
        Word word = replies.next();
        words.add(word.getWord() + " " + word.getTimes());
      }
    }
    return String.join(", ", words);
  }

  private String clientStreaming() {
    return show(analysis.summarise(PIECES));
  }

  /** Each piece is sent when the one before has been answered. */
  private String bothStreaming() {
    List<String> soFar = new ArrayList<>();
    try (Conversation<Text, Counts> conversation = analysis.follow()) {
      for (Text piece : PIECES) {
        conversation.send(piece);
        soFar.add(String.valueOf(conversation.next().getWords()));
      }
    }
    return String.join(", ", soFar) + " words";
  }

  /** Meanwhile this side answers what the service asks of its vocabulary. */
  private String calledBack() {
    return show(analysis.countUnknown(FOX));
  }

  private static Knowledge know(Word word) {
    return Knowledge.newBuilder().setKnown(KNOWN.contains(word.getWord())).build();
  }

  private String error() {
    try {
      return show(analysis.count(text("...")));
    } catch (StatusRuntimeException failure) {
      return failure.getMessage();
    }
  }

  /** The server waits for a piece, which never comes. */
  private String deadline() {
    TextAnalysisClient hasty = analysis.withDeadlineAfter(200, MILLISECONDS);
    try (Conversation<Text, Counts> conversation = hasty.follow()) {
      return show(conversation.next());
    } catch (StatusRuntimeException failure) {
      return failure.getStatus().getCode().toString();
    }
  }

  private static String show(Counts counts) {
    return counts.getWords() + " words, " + counts.getDifferentWords() + " different";
  }

  private static Text text(String text) {
    return Text.newBuilder().setText(text).build();
  }
}
