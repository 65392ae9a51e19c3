package dev.samehost.transport.tcp;

import dev.samehost.transport.Address;
import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Tls;
import dev.samehost.transport.TransportOptions;
import io.netty.util.NetUtil;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The host and the port that an address names. It knows which hosts are allowed, and looks a name
 * up when it is asked to.
 *
 * @param address as it was written, for people
 * @param host a name, an IPv4 address, or an IPv6 address in brackets
 * @param ip the address that the host is; null when it is a name
 * @param port 0 for any
 * @param beyondHost whether other addresses than loopback ones are allowed
 */
record Place(Address address, String host, InetAddress ip, int port, boolean beyondHost) {
  private static final Pattern NAME = Pattern.compile("[0-9A-Za-z._-]{1,253}");
  private static final Pattern NUMBERS = Pattern.compile("[0-9.]+");
  private static final String OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
  private static final Pattern IPV4 = Pattern.compile("(" + OCTET + "\\.){3}" + OCTET);
  private static final Pattern IPV6 = Pattern.compile("[0-9A-Fa-f:.]+");
  private static final Pattern PORT = Pattern.compile("0*[0-9]{1,5}");

  /**
   * The place of an address, which must be allowed as far as can be seen without looking a name up.
   */
  static Place of(Address address, TransportOptions options) throws LinkException {
    boolean isSecret = options.get(Tls.OPTION).isPresent();
    Place place = parse(address, isSecret || options.get(TcpOptions.PLAIN_TEXT_BEYOND_HOST));
    if (place.ip != null) {
      place.check(place.ip);
    }
    return place;
  }

  /** The same, for a client: it must have a port. */
  static Place ofServer(Address address, TransportOptions options) throws LinkException {
    Place place = of(address, options);
    if (place.port == 0) {
      throw malformed(address, "a client needs another port than 0");
    }
    return place;
  }

  /** What there is to connect to or to listen on, at least one, those of IPv4 first. */
  List<InetSocketAddress> resolve() throws LinkException {
    if (ip != null) {
      return List.of(new InetSocketAddress(ip, port));
    }
    InetAddress[] found;
    try {
      found = InetAddress.getAllByName(host);
    } catch (UnknownHostException e) {
      throw Fault.HOST_UNKNOWN.causedBy(e, address, host);
    }
    for (InetAddress one : found) {
      check(one);
    }
    return inOrder(found).map(one -> new InetSocketAddress(one, port)).toList();
  }

  /** The older family goes first, and nothing comes twice. */
  static Stream<InetAddress> inOrder(InetAddress... found) {
    return Arrays.stream(found)
        .sorted(Comparator.comparing(Inet6Address.class::isInstance))
        .distinct();
  }

  /** The name or the IP address, without brackets, that a server of TLS has to prove. */
  String proved() {
    return ip == null ? host : NetUtil.toAddressString(ip);
  }

  /** The address with another port. */
  String withPort(int other) {
    return address.scheme() + ":" + host + ":" + other;
  }

  private void check(InetAddress one) throws LinkException {
    if (!beyondHost && !one.isLoopbackAddress()) {
      throw Fault.PLAIN_TEXT_BEYOND_HOST.with(address, NetUtil.toAddressString(one));
    }
  }

  /** An endpoint for people: {@code 127.0.0.1:4000}, {@code [::1]:4000}. */
  static String show(InetSocketAddress endpoint) {
    return show(endpoint.getAddress()) + ":" + endpoint.getPort();
  }

  private static String show(InetAddress ip) {
    String text = NetUtil.toAddressString(ip);
    return ip instanceof Inet6Address ? "[" + text + "]" : text;
  }

  /** Splits {@code HOST:PORT}: {@code proto/vectors/hosts.json} is the rule. */
  private static Place parse(Address address, boolean beyondHost) throws LinkException {
    String text = address.rest();
    if (text.startsWith("[")) {
      int end = text.indexOf(']');
      if (end < 0) {
        throw malformed(address, "a bracket is not closed");
      }
      InetAddress ip = ipv6(address, text.substring(1, end));
      if (!text.startsWith(":", end + 1)) {
        throw malformed(address, "it has no port");
      }
      return new Place(address, show(ip), ip, port(address, text.substring(end + 2)), beyondHost);
    }
    int colon = text.lastIndexOf(':');
    if (colon < 0) {
      throw malformed(address, "it has no port");
    }
    String host = text.substring(0, colon);
    InetAddress ip = ipv4(address, host);
    return new Place(address, host, ip, port(address, text.substring(colon + 1)), beyondHost);
  }

  private static InetAddress ipv6(Address address, String text) throws LinkException {
    byte[] bytes =
        IPV6.matcher(text).matches() && text.indexOf(':') >= 0
            ? NetUtil.createByteArrayFromIpAddressString(text)
            : null;
    if (bytes == null) {
      throw malformed(address, "what is in the brackets is no IPv6 address");
    }
    return ip(bytes);
  }

  /** Null for a name. */
  private static InetAddress ipv4(Address address, String text) throws LinkException {
    if (text.isEmpty()) {
      throw malformed(address, "it has no host");
    }
    if (text.indexOf(':') >= 0) {
      throw malformed(address, "an IPv6 address stands in brackets, as in tcp:[::1]:4000");
    }
    if (NUMBERS.matcher(text).matches()) {
      if (!IPV4.matcher(text).matches()) {
        throw malformed(address, "its host is no IPv4 address");
      }
      return ip(NetUtil.createByteArrayFromIpAddressString(text));
    }
    if (!NAME.matcher(text).matches()) {
      throw malformed(address, "its host is neither a name nor an IP address");
    }
    return null;
  }

  private static InetAddress ip(byte[] bytes) {
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new AssertionError("an address of 4 or 16 bytes is one", e);
    }
  }

  private static int port(Address address, String text) throws LinkException {
    int port = PORT.matcher(text).matches() ? Integer.parseInt(text) : -1;
    if (port < 0 || port > 65_535) {
      throw malformed(address, "its port is no number from 0 to 65535");
    }
    return port;
  }

  private static LinkException malformed(Address address, String reason) {
    return Fault.ADDRESS_MALFORMED.with(address, reason);
  }
}
