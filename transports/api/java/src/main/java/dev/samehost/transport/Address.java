package dev.samehost.transport;

import java.util.Locale;
import java.util.Objects;

/**
 * Where a server is: a scheme, which names the transport, and what that transport makes of the
 * rest. The text form is {@code scheme:rest}.
 *
 * @param scheme lower-case letters, digits, {@code + - .}, beginning with a letter
 * @param rest everything after the first colon, as it was written; may be empty
 */
public record Address(String scheme, String rest) {
  /** Checks that nothing is null. */
  public Address {
    Objects.requireNonNull(scheme);
    Objects.requireNonNull(rest);
  }

  /**
   * Splits {@code text} at its first colon.
   *
   * @throws LinkException with code INVALID_ARGUMENT when there is no scheme
   */
  public static Address parse(String text) throws LinkException {
    int colon = text.indexOf(':');
    if (colon <= 0 || !text.substring(0, colon).matches("[a-zA-Z][a-zA-Z0-9+.-]*")) {
      throw Fault.ADDRESS_MALFORMED.with(text, "it has no scheme");
    }
    return new Address(
        text.substring(0, colon).toLowerCase(Locale.ROOT), text.substring(colon + 1));
  }

  @Override
  public String toString() {
    return scheme + ":" + rest;
  }
}
