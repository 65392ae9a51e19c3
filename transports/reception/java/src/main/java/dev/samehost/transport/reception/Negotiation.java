package dev.samehost.transport.reception;

import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Peer;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.Rights;
import dev.samehost.transport.posix.SystemCallException;
import java.nio.ByteBuffer;
import java.util.ServiceLoader;

/**
 * The listening side's part of agreeing on shared memory, for one connection. It never waits, and
 * holds the memory until the client has said whether it takes it.
 */
final class Negotiation implements AutoCloseable {
  private final Upgrade.Prepared prepared;

  private Negotiation(Upgrade.Prepared prepared) {
    this.prepared = prepared;
  }

  /** What this process has for connections that offer; null when it has nothing. */
  private static final class Installed {
    static final Upgrade UPGRADE =
        ServiceLoader.load(Upgrade.class, Upgrade.class.getClassLoader()).findFirst().orElse(null);
  }

  /** Answers an offer, which is consumed; null when that was a refusal. */
  static Negotiation answer(int socket, ByteBuffer bytes, TransportOptions options)
      throws SystemCallException {
    return answer(socket, bytes, options, Installed.UPGRADE);
  }

  static Negotiation answer(int socket, ByteBuffer bytes, TransportOptions options, Upgrade upgrade)
      throws SystemCallException {
    Offer offer = Offer.decode(bytes);
    if (upgrade == null) {
      refuse(socket, 0, Fault.SHM_NOT_SERVED.text());
      return null;
    }
    if (offer.version() < Offer.VERSION) {
      refuse(socket, 0, Fault.SHM_VERSION.text(Offer.VERSION, offer.version()));
      return null;
    }
    Upgrade.Prepared prepared;
    try {
      prepared = upgrade.prepare(offer, options);
    } catch (SystemCallException e) {
      refuse(socket, e.errno(), Fault.SHM_MEMORY.text(e.operation(), e.error()));
      return null;
    }
    try {
      Rights.send(socket, Answer.accepted(prepared.ringBytes()).encode(), prepared.descriptors());
      return new Negotiation(prepared);
    } catch (SystemCallException e) {
      prepared.close();
      throw e;
    }
  }

  private static void refuse(int socket, int errno, String reason) throws SystemCallException {
    Rights.send(socket, Answer.refused(errno, reason).encode());
  }

  /**
   * The client's verdict. Takes a descriptor of the socket of its own.
   *
   * @return the link that the connection goes on as; null when it stays on the socket
   */
  Upgrade.Upgraded settle(byte verdict, int socket, Peer peer)
      throws LinkException, SystemCallException {
    if (verdict == Offer.NAK) {
      prepared.close();
      return null;
    }
    if (verdict != Offer.ACK) {
      throw Fault.MALFORMED.with(
          peer.address(), "PROTOCOL_ERROR", "neither yes nor no to the shared memory");
    }
    Fd own = Fd.duplicate(socket);
    try {
      return prepared.take(own, peer);
    } catch (SystemCallException e) {
      own.close();
      throw e;
    }
  }

  @Override
  public void close() {
    prepared.close();
  }
}
