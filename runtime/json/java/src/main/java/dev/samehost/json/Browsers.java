package dev.samehost.json;

import io.grpc.Status;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.NetUtil;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Knows pages in browsers, which could else call what listens on their readers' own hosts: by the
 * {@code origin} that browsers say, and by a name in {@code host} that was made to lead here.
 */
final class Browsers {
  private static final String WHY = ": services of one host are not for pages of the web";

  /** A name, or an address in brackets, and perhaps a port. */
  private static final Pattern HOST = Pattern.compile("(\\[[^\\]]*]|[^:\\[]*)(?::[0-9]{1,5})?");

  private Browsers() {}

  /**
   * Refuses what a page may have sent.
   *
   * @param target what the request is for
   * @param isOfNetwork whether browsers can connect
   */
  static void refuse(Target target, HttpHeaders headers, boolean isOfNetwork) throws Refusal {
    String origin = headers.get(HttpHeaderNames.ORIGIN);
    if (origin != null) {
      throw refusal("a request with origin " + origin + " is refused" + WHY);
    }
    if (!isOfNetwork) {
      return;
    }
    if (target.host() != null) {
      checkHost(target.host());
    }
    for (String host : headers.getAll(HttpHeaderNames.HOST)) {
      checkHost(host);
    }
  }

  private static void checkHost(String host) throws Refusal {
    if (!isOfThisKind(host)) {
      throw refusal(
          "a request to host " + host + " is refused" + WHY + "; say localhost, or an address");
    }
  }

  private static Refusal refusal(String why) {
    return Refusal.of(Status.PERMISSION_DENIED.withDescription(why));
  }

  /** Whether no name service was asked for a host, whose port does not matter. */
  private static boolean isOfThisKind(String host) {
    Matcher parts = HOST.matcher(host);
    if (!parts.matches()) {
      return false;
    }
    String name = parts.group(1).toLowerCase(Locale.ROOT);
    if (name.startsWith("[")) {
      return NetUtil.isValidIpV6Address(name.substring(1, name.length() - 1));
    }
    return name.equals("localhost")
        || name.endsWith(".localhost")
        || NetUtil.isValidIpV4Address(name);
  }
}
