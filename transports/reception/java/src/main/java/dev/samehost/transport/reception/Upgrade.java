package dev.samehost.transport.reception;

import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Peer;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.SystemCallException;
import java.nio.ByteBuffer;

/**
 * Has shared memory for those connections of a listener that offer to go on in it. Found through
 * {@link java.util.ServiceLoader}; a listener without one refuses the offers. It must not wait.
 */
public interface Upgrade {
  /**
   * Memory for one connection.
   *
   * @throws SystemCallException when there is none to be had; the client is told why
   */
  Prepared prepare(Offer offer, TransportOptions options) throws SystemCallException;

  /** Memory for one connection, of which the client has not said yet whether it takes it. */
  interface Prepared extends AutoCloseable {
    /** The size of each ring. */
    int ringBytes();

    /** The descriptors for the client. */
    int[] descriptors();

    /**
     * The client takes it: the connection goes on as this link, which owns the socket.
     *
     * @throws SystemCallException when there are no descriptors left; the socket is then not closed
     */
    Upgraded take(Fd socket, Peer peer) throws SystemCallException;

    /** Frees the memory, unless it was taken. */
    @Override
    void close();
  }

  /** A link that has taken a connection over, and whose first bytes are still to be judged. */
  interface Upgraded extends Link {
    /**
     * Copies the first bytes that are there into {@code destination}, and leaves them for whoever
     * reads the link. For later ones the peer writes something to the socket.
     *
     * @return how many there were; -1 when the peer has ended its direction
     */
    int peek(ByteBuffer destination) throws LinkException;
  }
}
