package dev.samehost.demo;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The service without a server: a handler is a plain object. */
final class TextAnalysisServiceTest {
  private final TextAnalysis analysis = new TextAnalysisService();

  @Test
  void wordsAreCountedWhateverTheirCase() {
    assertThat(analysis.count(text("The dog, the DOG!"))).isEqualTo(counts(4, 2));
  }

  @Test
  void aTextWithoutWordsIsAnInvalidArgument() {
    StatusRuntimeException failure =
        assertThrows(StatusRuntimeException.class, () -> analysis.count(text(" ... ")));
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
  }

  @Test
  void frequentWordsComeFirstAndEqualOnesByAlphabet() {
    List<String> words = new ArrayList<>();
    analysis.words(text("b c a c"), word -> words.add(word.getWord()));
    assertThat(words).containsExactly("c", "a", "b").inOrder();
  }

  @Test
  void piecesAreCountedTogether() {
    List<Text> pieces = List.of(text("one two"), text("two three"));
    List<Counts> soFar = new ArrayList<>();
    analysis.follow(pieces, soFar::add);
    assertThat(soFar).containsExactly(counts(2, 2), counts(4, 3)).inOrder();
    assertThat(analysis.summarise(pieces)).isEqualTo(counts(4, 3));
  }

  private static Text text(String text) {
    return Text.newBuilder().setText(text).build();
  }

  private static Counts counts(long words, long different) {
    return Counts.newBuilder().setWords(words).setDifferentWords(different).build();
  }
}
