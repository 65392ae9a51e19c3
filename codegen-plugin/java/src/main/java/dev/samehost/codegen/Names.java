package dev.samehost.codegen;

import java.util.Locale;
import java.util.Set;
import javax.lang.model.SourceVersion;

/** How names of a proto are written in Java. Whatever is taken gets an underscore behind it. */
final class Names {
  private Names() {}

  /** {@code SayHello} and {@code say_hello} give {@code sayHello}. */
  static String camelCase(String name) {
    StringBuilder camel = new StringBuilder();
    boolean upper = false;
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c == '_') {
        upper = camel.length() > 0;
      } else {
        camel.append(upper ? Character.toUpperCase(c) : c);
        upper = false;
      }
    }
    if (camel.length() == 0) {
      return "_";
    }
    camel.setCharAt(0, Character.toLowerCase(camel.charAt(0)));
    return Character.isDigit(camel.charAt(0)) ? "_" + camel : camel.toString();
  }

  /** {@code SayHello} and {@code say_hello} give {@code SAY_HELLO}, {@code GetURL} GET_URL. */
  static String constantCase(String name) {
    return name.replaceAll("([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])", "$1$3_$2")
        .toUpperCase(Locale.ROOT);
  }

  /** The name, or with underscores the first one that is no keyword and not taken; takes it. */
  static String free(String name, Set<String> taken) {
    String free = name;
    while (SourceVersion.isKeyword(free) || !taken.add(free)) {
      free += "_";
    }
    return free;
  }
}
