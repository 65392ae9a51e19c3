package dev.samehost.transport.reception;

import dev.samehost.transport.LinkException;
import dev.samehost.transport.Peer;
import dev.samehost.transport.Tls;
import dev.samehost.transport.TransportOptions;
import io.netty.channel.Channel;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.Optional;

/**
 * The place at which a {@link SocketListener} listens: it is claimed, a socket is bound, and the
 * place is published. It holds no socket itself, and removes no more than it made.
 */
public interface Endpoint extends AutoCloseable {
  /** The address that a client can use; complete once {@link #publish} has returned. */
  String address();

  /**
   * Makes the place this listener's, and answers what to bind to: a path (one beginning with a zero
   * is an abstract name) or a port.
   *
   * @throws LinkException with what went wrong; nothing is left behind then
   */
  SocketAddress claim() throws LinkException;

  /**
   * Lets clients find the socket, which is bound and listens by now.
   *
   * @param bound what it is bound to
   * @throws LinkException with what went wrong; nothing is left behind then
   */
  void publish(SocketAddress bound) throws LinkException;

  /** The fault for a {@code bind} that failed. */
  LinkException bindFailure(int errno);

  /** Who is at the other end of a new connection, by the word of the system. */
  Peer peer(Channel connection) throws IOException;

  /** Why this peer may not connect; null when it may. */
  LinkException objection(Peer peer);

  /**
   * With which settings those are answered who offer to go on in shared memory; null where such
   * bytes are judged like any others.
   */
  default TransportOptions memoryOptions() {
    return null;
  }

  /** How those speak TLS who connect; empty where they speak plain text. */
  default Optional<Tls> tls() {
    return Optional.empty();
  }

  /** Takes the place away from clients. May be repeated, and called when nothing was made. */
  @Override
  void close();
}
