package dev.samehost.transport.stdio;

import java.util.ArrayList;
import java.util.List;

/**
 * Splits a command into words and takes the quotes away, as sh does. Nothing is expanded, and no
 * character means anything but blanks, quotes and the backslash.
 */
final class Words {
  private final String text;
  private final List<String> words = new ArrayList<>();
  private int at;

  /** The word that is being read; null between two words. */
  private StringBuilder word;

  private Words(String text) {
    this.text = text;
  }

  /**
   * The words of {@code text}.
   *
   * @throws IllegalArgumentException with the reason, for people, when a quote is not closed
   */
  static List<String> split(String text) {
    Words splitter = new Words(text);
    splitter.run();
    return splitter.words;
  }

  private void run() {
    while (at < text.length()) {
      char next = text.charAt(at++);
      switch (next) {
        case ' ', '\t', '\n' -> endWord();
        case '\'' -> singleQuoted();
        case '"' -> doubleQuoted();
        case '\\' -> escaped();
        default -> word().append(next);
      }
    }
    endWord();
  }

  private void singleQuoted() {
    int end = text.indexOf('\'', at);
    if (end < 0) {
      throw new IllegalArgumentException("a single quote is not closed");
    }
    word().append(text, at, end);
    at = end + 1;
  }

  private void doubleQuoted() {
    StringBuilder quoted = word();
    while (at < text.length()) {
      char next = text.charAt(at++);
      if (next == '"') {
        return;
      }
      if (next != '\\' || at == text.length()) {
        quoted.append(next);
        continue;
      }
      char kept = text.charAt(at++);
      switch (kept) {
        case '\n' -> {} // the line goes on
        case '"', '\\', '$', '`' -> quoted.append(kept);
        default -> quoted.append('\\').append(kept);
      }
    }
    throw new IllegalArgumentException("a double quote is not closed");
  }

  private void escaped() {
    if (at == text.length()) {
      throw new IllegalArgumentException("it ends in a backslash");
    }
    char kept = text.charAt(at++);
    if (kept != '\n') {
      word().append(kept);
    }
  }

  private StringBuilder word() {
    if (word == null) {
      word = new StringBuilder();
    }
    return word;
  }

  private void endWord() {
    if (word != null) {
      words.add(word.toString());
      word = null;
    }
  }
}
