package dev.samehost.demo;

import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Counts words. */
final class Tally {
  private static final Pattern BETWEEN_WORDS = Pattern.compile("[^\\p{IsAlphabetic}\\p{N}]+");

  private final Map<String, Long> times = new TreeMap<>();

  Tally add(Text text) {
    BETWEEN_WORDS
        .splitAsStream(text.getText().toLowerCase(Locale.ROOT))
        .filter(word -> !word.isEmpty())
        .forEach(word -> times.merge(word, 1L, Long::sum));
    return this;
  }

  Tally without(Predicate<Word> known) {
    words().filter(known).map(Word::getWord).toList().forEach(times::remove);
    return this;
  }

  Counts counts() {
    return Counts.newBuilder()
        .setWords(times.values().stream().mapToLong(Long::longValue).sum())
        .setDifferentWords(times.size())
        .build();
  }

  Stream<Word> words() {
    return times.entrySet().stream()
        .map(word -> Word.newBuilder().setWord(word.getKey()).setTimes(word.getValue()).build())
        .sorted(Comparator.comparingLong(Word::getTimes).reversed());
  }
}
