package dev.samehost.interop;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The flags of a program, each with one value: {@code --name value} or {@code --name=value}. */
public final class Flags {
  private final Map<String, String> values = new HashMap<>();

  private Flags() {}

  /**
   * Reads the flags of a command line.
   *
   * @throws IllegalArgumentException naming a flag that is not in {@code known} or has no value
   */
  public static Flags parse(String[] words, Set<String> known) {
    Flags flags = new Flags();
    for (int at = 0; at < words.length; at++) {
      String word = words[at];
      int equals = word.indexOf('=');
      String name = equals < 0 ? word : word.substring(0, equals);
      if (!name.startsWith("--") || !known.contains(name.substring(2))) {
        throw new IllegalArgumentException("no such flag: " + word);
      }
      if (equals < 0 && at + 1 == words.length) {
        throw new IllegalArgumentException("the flag " + word + " needs a value");
      }
      flags.values.put(name.substring(2), equals < 0 ? words[++at] : word.substring(equals + 1));
    }
    return flags;
  }

  /** The value of a flag, if it was given. */
  public Optional<String> find(String name) {
    return Optional.ofNullable(values.get(name));
  }

  /**
   * The value of a flag.
   *
   * @throws IllegalArgumentException when it was not given
   */
  public String get(String name) {
    return find(name)
        .orElseThrow(() -> new IllegalArgumentException("the flag --" + name + " is missing"));
  }
}
