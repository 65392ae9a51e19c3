package dev.samehost.transport.shm;

import dev.samehost.transport.Peer;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.NativeMemory;
import dev.samehost.transport.posix.SystemCallException;
import dev.samehost.transport.reception.Offer;
import dev.samehost.transport.reception.Upgrade;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;

/** Gives memory that is not what was agreed on: rings of 64 KiB, sealed, so large, all zeros. */
record BadMemory(boolean isSealed, int bytes) implements Upgrade {
  @Override
  public Prepared prepare(Offer offer, TransportOptions options) throws SystemCallException {
    Fd memory = memory();
    Fd[] second = BellSockets.secondPair();
    return new Prepared() {
      @Override
      public int ringBytes() {
        return 64 << 10;
      }

      @Override
      public int[] descriptors() {
        return new int[] {memory.number(), second[0].number()};
      }

      @Override
      public Upgraded take(Fd socket, Peer peer) {
        throw new AssertionError("the client takes it");
      }

      @Override
      public void close() {
        memory.close();
        second[0].close();
        second[1].close();
      }
    };
  }

  private Fd memory() throws SystemCallException {
    Fd memory = unnamed();
    Natives.check("ftruncate", Natives.ftruncate(memory.number(), bytes));
    if (isSealed) {
      int command = Natives.Linux.F_ADD_SEALS;
      Natives.check("fcntl", Natives.VARIADIC.fcntl(memory.number(), command, Natives.Linux.SEALS));
    }
    return memory;
  }

  private static Fd unnamed() throws SystemCallException {
    ByteBuffer name = NativeMemory.zeros(16).put((byte) 'b');
    try {
      int flags = Natives.Linux.MFD_CLOEXEC_ALLOW_SEALING;
      int number = Natives.Linux.memfd_create(NativeMemory.address(name), flags);
      return Fd.own(Natives.check("memfd_create", number));
    } finally {
      Reference.reachabilityFence(name);
    }
  }
}
