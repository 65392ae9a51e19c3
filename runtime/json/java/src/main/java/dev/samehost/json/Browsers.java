package dev.samehost.json;

import io.grpc.Status;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.NetUtil;
import java.util.Locale;

/**
 * Knows pages in browsers, which could else call what listens on their readers' own hosts: by the
 * {@code origin} that browsers say, and by a name in {@code host} that was made to lead here.
 */
final class Browsers {
  private static final String WHY = ": services of one host are not for pages of the web";

  private Browsers() {}

  /**
   * Refuses what a page may have sent.
   *
   * @param isOfNetwork whether browsers can connect
   */
  static void refuse(HttpHeaders headers, boolean isOfNetwork) throws Refusal {
    String origin = headers.get(HttpHeaderNames.ORIGIN);
    if (origin != null) {
      throw refusal("a request with origin " + origin + " is refused" + WHY);
    }
    if (!isOfNetwork) {
      return;
    }
    for (String host : headers.getAll(HttpHeaderNames.HOST)) {
      if (!isOfThisKind(host)) {
        throw refusal(
            "a request to host " + host + " is refused" + WHY + "; say localhost, or an address");
      }
    }
  }

  private static Refusal refusal(String why) {
    return Refusal.of(Status.PERMISSION_DENIED.withDescription(why));
  }

  /** Whether no name service was asked for a host, whose port does not matter. */
  private static boolean isOfThisKind(String host) {
    if (host.startsWith("[")) {
      return NetUtil.isValidIpV6Address(host.substring(1, Math.max(1, host.indexOf(']'))));
    }
    String name = host.split(":", 2)[0].toLowerCase(Locale.ROOT);
    return name.equals("localhost")
        || name.endsWith(".localhost")
        || NetUtil.isValidIpV4Address(name);
  }
}
