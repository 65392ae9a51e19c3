package dev.samehost.transport;

import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import javax.net.ssl.SSLSession;

/**
 * The other end of a link, as the operating system and TLS vouch for it; what the peer says of
 * itself is not here.
 *
 * @param address the address of the connection, for people and errors, such as {@code
 *     unix:/run/app.sock}
 * @param processId the peer's process id, where the transport can tell
 * @param userId the peer's effective user id, where the transport can tell
 * @param groupId the peer's effective group id, where the transport can tell
 * @param tls by which TLS the link is secret, with the peer's certificates; empty where it is not
 */
public record Peer(
    String address,
    OptionalLong processId,
    OptionalLong userId,
    OptionalLong groupId,
    Optional<SSLSession> tls) {
  /** Checks that nothing is null. */
  public Peer {
    Objects.requireNonNull(address);
    Objects.requireNonNull(processId);
    Objects.requireNonNull(userId);
    Objects.requireNonNull(groupId);
    Objects.requireNonNull(tls);
  }

  /** A peer to which there is no TLS. */
  public Peer(String address, OptionalLong processId, OptionalLong userId, OptionalLong groupId) {
    this(address, processId, userId, groupId, Optional.empty());
  }

  /** A peer of whom only the address is known. */
  public static Peer at(String address) {
    return new Peer(address, OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty());
  }

  /** The same peer, by TLS. */
  public Peer withTls(SSLSession session) {
    return new Peer(address, processId, userId, groupId, Optional.of(session));
  }
}
