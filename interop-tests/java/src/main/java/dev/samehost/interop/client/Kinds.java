package dev.samehost.interop.client;

import java.util.Map;

/** The kinds of steps, by the names that the suites use. */
final class Kinds {
  private static final Map<String, Kind> KINDS =
      Map.ofEntries(
          Map.entry("unary", new Unary()),
          Map.entry("client_stream", new ClientStream()),
          Map.entry("server_stream", new ServerStream()),
          Map.entry("compressed", new Compressed()),
          Map.entry("duplex", new Duplex()),
          Map.entry("cancel", new Cancel()),
          Map.entry("hold", new Hold()),
          Map.entry("deadline_seen", new DeadlineSeen()),
          Map.entry("peer_seen", new PeerSeen()),
          Map.entry("unread", new Unread()),
          Map.entry("flood", new Flooding()),
          Map.entry("call_back", new CallBack()),
          Map.entry("server_killed", new ServerKilled()),
          Map.entry("server_back", new ServerBack()),
          Map.entry("client_killed", new ClientKilled()),
          Map.entry("fault", new Faulty()));

  private Kinds() {}

  static Kind find(String name) {
    Kind kind = KINDS.get(name);
    if (kind == null) {
      throw new IllegalArgumentException("no such kind of step: " + name);
    }
    return kind;
  }
}
