package dev.samehost.transport.unix;

import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.posix.Errno;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.Inode;
import dev.samehost.transport.posix.NativeMemory;
import dev.samehost.transport.posix.Sockets;
import dev.samehost.transport.posix.SystemCallException;
import dev.samehost.transport.posix.SystemCalls;
import io.netty.channel.unix.DomainSocketAddress;
import java.lang.ref.Reference;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A listening socket's file, which exists at its path only while somebody listens. Never touches
 * what is alive, what is no socket, or what another one has made.
 *
 * <p>Whoever holds the lock on {@code PATH.lock} owns the path. The lock goes with its process,
 * however that ends; the lock file stays for good, because removing it would let two processes hold
 * a lock on two files of the same name.
 */
final class SocketFile extends UnixEndpoint {
  private final int mode;
  private Fd lock;
  private String temporary;
  private Inode own;

  SocketFile(SocketName name, AllowedUsers users, TransportOptions options) {
    super(name, users, options);
    this.mode = users.areOthers() ? 0666 : 0600;
  }

  @Override
  public synchronized SocketAddress claim() throws LinkException {
    try {
      lock();
      takeOver();
      temporary = temporaryName();
      return new DomainSocketAddress(temporary);
    } catch (SystemCallException e) {
      close();
      throw failure(e);
    } catch (LinkException e) {
      close();
      throw e;
    }
  }

  /** Gives the socket, which nobody knows yet, the path: at once, and with its mode. */
  @Override
  public synchronized void publish(SocketAddress bound) throws LinkException {
    ByteBuffer from = NativeMemory.text(temporary);
    ByteBuffer to = NativeMemory.text(name.text());
    try {
      Sockets.check("chmod", SystemCalls.chmod(NativeMemory.address(from), mode));
      Inode made = Inode.at(temporary);
      Sockets.check(
          "rename", SystemCalls.rename(NativeMemory.address(from), NativeMemory.address(to)));
      own = made;
    } catch (SystemCallException e) {
      unlink(from);
      close();
      throw failure(e);
    } finally {
      Reference.reachabilityFence(from);
      Reference.reachabilityFence(to);
    }
  }

  @Override
  public LinkException bindFailure(int errno) {
    return failure(new SystemCallException("bind", errno));
  }

  private void lock() throws SystemCallException, LinkException {
    lock = Fd.openOrCreate(name.text() + ".lock");
    if (SystemCalls.flock(lock.number(), SystemCalls.LOCK_EX_NB) < 0) {
      int errno = Errno.last();
      if (Errno.EAGAIN.is(errno)) {
        throw Fault.LISTEN_IN_USE.with(name.address());
      }
      throw new SystemCallException("flock", errno);
    }
  }

  /** Finds out whether the path may be replaced; {@link #publish} does that. */
  private void takeOver() throws SystemCallException, LinkException {
    Inode found = Inode.at(name.text());
    if (found == null) {
      return;
    }
    if (!found.isSocket()) {
      throw Fault.LISTEN_NOT_A_SOCKET.with(name.address(), name.text());
    }
    // One who does not know of the lock file may be alive nevertheless.
    try (Fd probe = Sockets.create(SystemCalls.AF_UNIX, true)) {
      int errno = Sockets.connect(probe, name.toSockaddr());
      // EAGAIN: its queue is full. EPROTOTYPE: it lives, and takes datagrams.
      if (errno == 0 || Errno.EAGAIN.is(errno) || Errno.EPROTOTYPE.is(errno)) {
        throw Fault.LISTEN_IN_USE.with(name.address());
      }
      if (!Errno.ECONNREFUSED.is(errno) && !Errno.ENOENT.is(errno)) {
        throw new SystemCallException("connect", errno);
      }
    }
  }

  /** A new name in the same folder, and where possible short enough. */
  private String temporaryName() {
    int slash = name.text().lastIndexOf('/');
    String folder = name.text().substring(0, slash + 1);
    String random = Integer.toHexString(ThreadLocalRandom.current().nextInt() | 1 << 31);
    String temporary = folder + "." + random;
    if (SocketName.fits(temporary)) {
      return temporary;
    }
    // The folder fills nearly all of the space: replace as much of the name as there is.
    int room = name.text().length() - folder.length();
    return folder + random.substring(Math.max(0, random.length() - room));
  }

  @Override
  public synchronized void close() {
    if (own != null) {
      removeOwn();
      own = null;
    }
    if (lock != null) {
      lock.close();
      lock = null;
    }
  }

  private void removeOwn() {
    try {
      Inode found = Inode.at(name.text());
      if (own.isSameFile(found)) {
        unlink(NativeMemory.text(name.text()));
      }
    } catch (SystemCallException e) {
      // Nobody can say whose it is now, so it is left: the next listener takes it over.
    }
  }

  private static void unlink(ByteBuffer path) {
    try {
      SystemCalls.unlink(NativeMemory.address(path));
    } finally {
      Reference.reachabilityFence(path);
    }
  }

  private LinkException failure(SystemCallException e) {
    Path parent = Path.of(name.text()).getParent();
    Path folder = parent == null ? Path.of(".") : parent;
    // A file system like that of /proc says ENOENT as well where nothing can be made.
    boolean isGone = Errno.ENOENT.is(e.errno()) || Errno.ENOTDIR.is(e.errno());
    if (isGone && !Files.isDirectory(folder)) {
      return Fault.LISTEN_NO_FOLDER.with(name.address(), folder);
    }
    if (Errno.EACCES.is(e.errno())) {
      return Fault.LISTEN_PERMISSION.with(name.address(), folder);
    }
    return e.fault(Fault.LISTEN_FAILED, name.address());
  }
}
