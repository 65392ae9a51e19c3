package dev.samehost.transport;

import java.util.Objects;
import java.util.OptionalLong;

/**
 * The other end of a link, as the operating system vouches for it; what the peer says of itself is
 * not here.
 *
 * @param address the address of the connection, for people and errors, such as {@code
 *     unix:/run/app.sock}
 * @param processId the peer's process id, where the transport can tell
 * @param userId the peer's effective user id, where the transport can tell
 * @param groupId the peer's effective group id, where the transport can tell
 */
public record Peer(
    String address, OptionalLong processId, OptionalLong userId, OptionalLong groupId) {
  /** Checks that nothing is null. */
  public Peer {
    Objects.requireNonNull(address);
    Objects.requireNonNull(processId);
    Objects.requireNonNull(userId);
    Objects.requireNonNull(groupId);
  }

  /** A peer of whom only the address is known. */
  public static Peer at(String address) {
    return new Peer(address, OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty());
  }
}
