package dev.samehost.codegen;

import static com.google.common.truth.Truth.assertThat;

import com.google.protobuf.DescriptorProtos.SourceCodeInfo.Location;
import org.junit.jupiter.api.Test;

/** Comments of a proto become Javadoc in which every sign stands for itself. */
final class JavadocTest {
  @Test
  void nothingOfACommentIsMarkup() {
    assertThat(leading(" */ /* @see <b>a & b</b> {@link X} \\u002a/"))
        .containsExactly(
            "*&#47; &#47;* &#64;see &lt;b&gt;a &amp; b&lt;/b&gt; &#123;&#64;link X&#125; &#92;u002a/");
  }

  @Test
  void signsThatMeetAcrossEscapesDoNotEndTheComment() {
    assertThat(leading("*/*/ **/")).containsExactly("*&#47;*&#47; **&#47;");
  }

  @Test
  void anEmptyLineBeginsAParagraph() {
    assertThat(leading(" One.\n Still one.\n\n Two.\n"))
        .containsExactly("One.", "Still one.", "", "<p>Two.")
        .inOrder();
  }

  @Test
  void linesThatBeginWithADashAreAList() {
    assertThat(leading(" Either\n - one,\n   that goes on\n - two\n\n Then more.\n"))
        .containsExactly(
            "Either",
            "",
            "<ul>",
            "  <li>one,",
            "      that goes on",
            "  <li>two",
            "</ul>",
            "",
            "<p>Then more.")
        .inOrder();
  }

  @Test
  void theCommentBehindCountsWhereNoneStandsBefore() {
    Location behind = Location.newBuilder().setTrailingComments(" Behind. ").build();
    assertThat(Javadoc.of(behind)).containsExactly("Behind.");
    assertThat(Javadoc.of(behind.toBuilder().setLeadingComments(" Before. ").build()))
        .containsExactly("Before.");
  }

  @Test
  void noCommentIsNoJavadoc() {
    assertThat(Javadoc.of((Location) null)).isEmpty();
    assertThat(leading("  \n ")).isEmpty();
  }

  private static Iterable<String> leading(String comment) {
    return Javadoc.of(Location.newBuilder().setLeadingComments(comment).build());
  }
}
