package dev.samehost.json;

import dev.samehost.bridge.Gzip;
import dev.samehost.wire.Hello;
import io.grpc.Status;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;

/** Tells by the head of a request which call it wants, or why it is refused. */
final class Judge {
  private static final Pattern PATH = Pattern.compile("/[^/?]+/[^/?]+");
  private static final Pattern MILLIS = Pattern.compile("[0-9]{1,10}");
  private static final Pattern NOT_TAKEN = Pattern.compile("q=0(\\.0*)?");
  private static final String JSON = "application/json";
  private static final String PROTO = "application/proto";

  /** More methods than this are looked up anew for each request. */
  private static final int MOST_METHODS = 1_024;

  private final Function<String, Object> methods;
  private final Hello limits;
  private final boolean isOfNetwork;
  private final Map<String, Served> known = new HashMap<>(); // those that were found

  /**
   * A judge of the requests of one connection.
   *
   * @param methods what is served, by path
   * @param isOfNetwork whether whoever can connect to a port can connect to it
   */
  Judge(Function<String, Object> methods, Hello limits, boolean isOfNetwork) {
    this.methods = methods;
    this.limits = limits;
    this.isOfNetwork = isOfNetwork;
  }

  /** What the request wants. */
  Head head(HttpRequest request) throws Refusal {
    HttpHeaders headers = request.headers();
    Target target = Target.of(request.uri());
    Browsers.refuse(target, headers, isOfNetwork);
    if (!request.method().equals(HttpMethod.POST)) {
      throw new Refusal(
          HttpResponseStatus.METHOD_NOT_ALLOWED,
          Status.UNIMPLEMENTED.withDescription(
              request.method() + " is not served: POST a message to /package.Service/Method"),
          HttpHeaderNames.ALLOW,
          HttpMethod.POST.name());
    }
    String path = path(target);
    boolean isJson = isJson(headers);
    Served served = served(path);
    if (isJson) {
      served.checkJson();
    }
    String version = headers.get("connect-protocol-version");
    if (version != null && !version.equals("1")) {
      throw Refusal.invalid("connect-protocol-version is 1, not " + version);
    }
    return new Head(
        served,
        isJson,
        isGzipped(headers),
        headers.getAll(HttpHeaderNames.ACCEPT_ENCODING).stream().anyMatch(Judge::takesGzip),
        millis(headers),
        Fields.metadata(headers),
        limits.maxMessageBytes());
  }

  private static String path(Target target) throws Refusal {
    String path = target.path();
    if (!PATH.matcher(path).matches()) {
      throw new Refusal(
          HttpResponseStatus.NOT_FOUND,
          Status.UNIMPLEMENTED.withDescription(
              "nothing is at " + path + ": POST a message to /package.Service/Method"));
    }
    return path;
  }

  private static boolean isJson(HttpHeaders headers) throws Refusal {
    String said = headers.get(HttpHeaderNames.CONTENT_TYPE, "");
    String type = said.split(";", 2)[0].trim().toLowerCase(Locale.ROOT);
    if (!type.equals(JSON) && !type.equals(PROTO)) {
      String what = said.isEmpty() ? "a request without content-type" : "content-type " + said;
      throw new Refusal(
          HttpResponseStatus.UNSUPPORTED_MEDIA_TYPE,
          Status.UNIMPLEMENTED.withDescription(
              what + " is not taken: say " + JSON + " or " + PROTO),
          "accept-post",
          JSON + ", " + PROTO);
    }
    return type.equals(JSON);
  }

  private Served served(String path) throws Refusal {
    Served served = known.get(path);
    if (served == null) {
      served = Served.of(path, methods.apply(path));
      if (known.size() < MOST_METHODS) {
        known.put(path, served);
      }
    }
    return served;
  }

  private boolean isGzipped(HttpHeaders headers) throws Refusal {
    String encoding = headers.get(HttpHeaderNames.CONTENT_ENCODING, "identity");
    if (encoding.equals("identity")) {
      return false;
    }
    if (encoding.equals(Gzip.NAME) && limits.has(Gzip.NAME)) {
      return true;
    }
    throw Refusal.of(
        Status.UNIMPLEMENTED.withDescription("content-encoding " + encoding + " is not taken"));
  }

  private static boolean takesGzip(String accepted) {
    for (String one : accepted.split(",", -1)) {
      String[] parts = one.split(";", 2);
      if (parts[0].trim().equalsIgnoreCase(Gzip.NAME)) {
        return parts.length == 1 || !NOT_TAKEN.matcher(parts[1].trim()).matches();
      }
    }
    return false;
  }

  private static long millis(HttpHeaders headers) throws Refusal {
    String timeout = headers.get("connect-timeout-ms");
    if (timeout == null) {
      return Head.NO_TIMEOUT;
    }
    if (!MILLIS.matcher(timeout).matches()) {
      throw Refusal.invalid("connect-timeout-ms is a number of at most ten digits, not " + timeout);
    }
    return Long.parseLong(timeout);
  }
}
