package dev.samehost.transport.shm;

import com.sun.jna.Pointer;
import dev.samehost.transport.Fault;
import dev.samehost.transport.posix.Errno;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.NativeMemory;
import dev.samehost.transport.posix.SystemCallException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Memory that is mapped here and at the peer, who may change every byte at any time. Positions and
 * words are used as atomics, and bytes are copied in and out. Whoever has this sees to it that
 * nobody is inside when it is closed: what is unmapped must not be touched.
 */
final class Region implements AutoCloseable {
  private static final VarHandle LONGS =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());
  private static final VarHandle INTS =
      MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.nativeOrder());

  /** For names of shared memory on macOS. */
  private static final AtomicInteger NEXT = new AtomicInteger();

  private final int ringBytes;
  private final long address;
  private final ByteBuffer memory;

  private Region(int ringBytes, long address) {
    this.ringBytes = ringBytes;
    this.address = address;
    this.memory =
        new Pointer(address)
            .getByteBuffer(0, Side.regionBytes(ringBytes))
            .order(ByteOrder.nativeOrder());
  }

  /** New memory, and its descriptor for the peer. */
  record Created(Region region, Fd descriptor) {}

  /** Memory that a peer has made cannot be used; the message says why, for people. */
  static final class UnusableException extends Exception {
    private static final long serialVersionUID = 1;

    UnusableException(String why) {
      super(Fault.SHM_UNUSABLE.text(why));
    }
  }

  /** Makes memory. On Linux its size is sealed. */
  static Created create(int ringBytes) throws SystemCallException {
    Fd descriptor = newMemory();
    try {
      int size = Side.regionBytes(ringBytes);
      Natives.check("ftruncate", Natives.ftruncate(descriptor.number(), size));
      if (Natives.LINUX) {
        int command = Natives.Linux.F_ADD_SEALS;
        Natives.check(
            "fcntl", Natives.VARIADIC.fcntl(descriptor.number(), command, Natives.Linux.SEALS));
      }
      Region region = map(descriptor, ringBytes);
      region.memory.put(0, Side.magic());
      region.memory.putInt(Side.RING_BYTES_AT, ringBytes);
      return new Created(region, descriptor);
    } catch (SystemCallException e) {
      descriptor.close();
      throw e;
    }
  }

  private static Fd newMemory() throws SystemCallException {
    if (Natives.LINUX) {
      ByteBuffer name =
          NativeMemory.zeros(16).put(new byte[] {'s', 'a', 'm', 'e', 'h', 'o', 's', 't'});
      try {
        int flags = Natives.Linux.MFD_CLOEXEC_ALLOW_SEALING;
        int number = Natives.Linux.memfd_create(NativeMemory.address(name), flags);
        return Fd.own(Natives.check("memfd_create", number));
      } finally {
        Reference.reachabilityFence(name);
      }
    }
    // A name for a moment, which is taken away at once. Its size can be set but once.
    String name = "/samehost-" + ProcessHandle.current().pid() + "-" + NEXT.getAndIncrement();
    int flags = Natives.Darwin.O_RDWR_CREAT_EXCL;
    Fd memory = Fd.own(Natives.check("shm_open", Natives.Darwin.NAMES.shm_open(name, flags, 0600)));
    try {
      Natives.check("shm_unlink", Natives.Darwin.NAMES.shm_unlink(name));
      memory.setCloseOnExec();
      return memory;
    } catch (SystemCallException e) {
      memory.close();
      throw e;
    }
  }

  /** Maps the memory that a peer has made; the descriptor stays the caller's. */
  static Region adopt(Fd descriptor, int ringBytes) throws UnusableException {
    int number = descriptor.number();
    if (Natives.LINUX) {
      // What is no memfd has no seals to ask for. Memory that can be cut off is a SIGBUS in
      // waiting.
      int seals = Natives.VARIADIC.fcntl(number, Natives.Linux.F_GET_SEALS);
      if (seals < 0 || (seals & Natives.Linux.SEALS) != Natives.Linux.SEALS) {
        throw new UnusableException("is not sealed, so that it could be cut off");
      }
    }
    if (Natives.lseek(number, 0, Natives.SEEK_END) != Side.regionBytes(ringBytes)) {
      throw new UnusableException("has another size than was agreed on");
    }
    Region region;
    try {
      region = map(descriptor, ringBytes);
    } catch (SystemCallException e) {
      throw new UnusableException("cannot be mapped: " + e.error());
    }
    byte[] magic = new byte[Side.magic().length];
    region.memory.get(0, magic);
    if (!Arrays.equals(magic, Side.magic())
        || region.memory.getInt(Side.RING_BYTES_AT) != ringBytes) {
      region.close();
      throw new UnusableException("does not begin as it must");
    }
    return region;
  }

  private static Region map(Fd descriptor, int ringBytes) throws SystemCallException {
    int size = Side.regionBytes(ringBytes);
    long address =
        Natives.mmap(0, size, Natives.PROT_READ_WRITE, Natives.MAP_SHARED, descriptor.number(), 0);
    if (address == -1) {
      throw new SystemCallException("mmap", Errno.last());
    }
    Region region = new Region(ringBytes, address);
    // A child that is forked has no business in it.
    if (Natives.LINUX && Natives.Linux.madvise(address, size, Natives.Linux.MADV_DONTFORK) < 0) {
      int errno = Errno.last();
      region.close();
      throw new SystemCallException("madvise", errno);
    }
    return region;
  }

  int ringBytes() {
    return ringBytes;
  }

  /** Up to where {@code writer} has written its ring; the bytes before that are there. */
  long tail(Side writer) {
    return (long) LONGS.getAcquire(memory, writer.tailAt);
  }

  /** Release: who sees the position sees the bytes before it. */
  void setTail(Side writer, long position) {
    LONGS.setRelease(memory, writer.tailAt, position);
  }

  /** Up to where the ring of {@code writer} has been read; before that it may be overwritten. */
  long head(Side writer) {
    return (long) LONGS.getAcquire(memory, writer.headAt);
  }

  /** Release: the bytes were copied before the writer may overwrite them. */
  void setHead(Side writer, long position) {
    LONGS.setRelease(memory, writer.headAt, position);
  }

  /** The bits that {@code side} has set, and all that it did before. */
  int word(Side side) {
    return (int) INTS.getAcquire(memory, side.wordAt);
  }

  /** Sets bits and answers the word as it was. */
  int setBits(Side side, int bits) {
    return (int) INTS.getAndBitwiseOr(memory, side.wordAt, bits);
  }

  /** Clears bits and answers the word as it was. */
  int clearBits(Side side, int bits) {
    return (int) INTS.getAndBitwiseAnd(memory, side.wordAt, ~bits);
  }

  /** Copies from {@code source}, at its position, into the ring of {@code writer}. */
  void copyIn(Side writer, int at, ByteBuffer source, int offset, int count) {
    memory.put(writer.ringAt(ringBytes) + at, source, offset, count);
  }

  /** Copies out of the ring of {@code writer} into {@code destination}. */
  void copyOut(Side writer, int at, ByteBuffer destination, int offset, int count) {
    destination.put(offset, memory, writer.ringAt(ringBytes) + at, count);
  }

  @Override
  public void close() {
    // Cannot fail: it is exactly what was mapped.
    Natives.munmap(address, Side.regionBytes(ringBytes));
  }
}
