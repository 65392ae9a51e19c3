package dev.samehost.transport.shm;

import dev.samehost.transport.Peer;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.SystemCallException;
import dev.samehost.transport.reception.Offer;
import dev.samehost.transport.reception.Upgrade;

/** Gives the clients of a Unix socket's listener shared memory. It keeps none of it. */
public final class SharedMemory implements Upgrade {
  @Override
  public Prepared prepare(Offer offer, TransportOptions options) throws SystemCallException {
    int ringBytes = Side.ringSizeFor(offer.ringBytes(), options.get(ShmOptions.RING_BYTES));
    Region.Created created = Region.create(ringBytes);
    try {
      return new Given(created, BellSockets.secondPair());
    } catch (SystemCallException e) {
      created.region().close();
      created.descriptor().close();
      throw e;
    }
  }

  /** Memory for one client; used by the listener's thread alone. */
  private static final class Given implements Prepared {
    private final Region.Created created;
    private final Fd[] second;
    private boolean isTaken;

    Given(Region.Created created, Fd[] second) {
      this.created = created;
      this.second = second;
    }

    @Override
    public int ringBytes() {
      return created.region().ringBytes();
    }

    @Override
    public int[] descriptors() {
      return new int[] {created.descriptor().number(), second[1].number()};
    }

    @Override
    public Upgraded take(Fd socket, Peer peer) throws SystemCallException {
      ShmLink link = new ShmLink(Side.ACCEPTOR, created.region(), socket, second[0], peer);
      isTaken = true;
      close();
      return link;
    }

    @Override
    public void close() {
      created.descriptor().close();
      second[1].close();
      if (!isTaken) {
        second[0].close();
        created.region().close();
        isTaken = true;
      }
    }
  }
}
