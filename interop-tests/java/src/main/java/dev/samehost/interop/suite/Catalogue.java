package dev.samehost.interop.suite;

import io.grpc.Status;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The catalogue of faults as data: which status code and which text each has. */
public final class Catalogue {
  private static final Pattern PLACEHOLDER = Pattern.compile("\\{(\\w+)}");

  private final Map<String, Entry> entries = new HashMap<>();

  /** One fault, as it stands in {@code proto/vectors/faults.json}. */
  record Entry(String fault, String code, String template) {}

  Catalogue(List<Entry> faults) {
    faults.forEach(entry -> entries.put(entry.fault(), entry));
  }

  /** Whether a status is this fault; a placeholder without a value may stand for anything. */
  public boolean matches(String fault, Map<String, String> values, Status status) {
    Entry entry = entries.get(fault);
    if (entry == null) {
      throw new IllegalArgumentException("no fault " + fault + " in the catalogue");
    }
    StringBuilder pattern = new StringBuilder();
    Matcher placeholders = PLACEHOLDER.matcher(entry.template());
    int at = 0;
    while (placeholders.find()) {
      pattern.append(Pattern.quote(entry.template().substring(at, placeholders.start())));
      String value = values.get(placeholders.group(1));
      pattern.append(value == null ? "(?s:.+)" : Pattern.quote(value));
      at = placeholders.end();
    }
    pattern.append(Pattern.quote(entry.template().substring(at)));
    String text = status.getDescription() == null ? "" : status.getDescription();
    return status.getCode().name().equals(entry.code()) && text.matches(pattern.toString());
  }
}
