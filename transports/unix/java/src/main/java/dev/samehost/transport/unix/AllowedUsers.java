package dev.samehost.transport.unix;

import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Peer;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.posix.SystemCalls;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Who may connect to a listener. */
record AllowedUsers(boolean any, Set<Long> users) {
  static AllowedUsers of(TransportOptions options) {
    Set<Long> users = new TreeSet<>(options.get(UnixOptions.ALLOWED_USERS));
    users.add(Integer.toUnsignedLong(SystemCalls.geteuid()));
    return new AllowedUsers(options.get(UnixOptions.ANY_USER), users);
  }

  /** Whether anyone but this process's own user may connect. */
  boolean areOthers() {
    return any || users.size() > 1;
  }

  /** Why this peer may not connect; null when it may. */
  LinkException objection(Peer peer) {
    if (any || (peer.userId().isPresent() && users.contains(peer.userId().getAsLong()))) {
      return null;
    }
    return Fault.USER_REFUSED.with(
        peer.address(),
        peer.processId().isPresent() ? peer.processId().getAsLong() : "unknown",
        peer.userId().isPresent() ? peer.userId().getAsLong() : "unknown",
        users.stream().map(String::valueOf).collect(Collectors.joining(", ")));
  }
}
