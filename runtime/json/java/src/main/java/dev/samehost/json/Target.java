package dev.samehost.json;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a request is for: a path, or a whole address that has one, as those say it who believe that
 * there is a proxy.
 *
 * @param host that the address has, with its port; null where there is a path alone
 * @param path without a query
 */
record Target(String host, String path) {
  private static final Pattern ADDRESS = Pattern.compile("(?i)https?://([^/?]*)(.*)");

  static Target of(String said) {
    Matcher address = ADDRESS.matcher(said);
    return address.matches()
        ? new Target(address.group(1), withoutQuery(address.group(2)))
        : new Target(null, withoutQuery(said));
  }

  private static String withoutQuery(String path) {
    return path.split("\\?", 2)[0];
  }
}
