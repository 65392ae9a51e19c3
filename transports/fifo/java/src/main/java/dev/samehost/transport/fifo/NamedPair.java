package dev.samehost.transport.fifo;

import dev.samehost.transport.posix.Errno;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.Fifos;
import dev.samehost.transport.posix.Inode;
import dev.samehost.transport.posix.SystemCallException;
import java.security.SecureRandom;

/** The two FIFOs of one client. Closing it removes their names, if they are still those. */
final class NamedPair implements AutoCloseable {
  private static final SecureRandom RANDOM = new SecureRandom();

  /** A client's pair is not opened, for a reason that concerns that client alone. */
  static final class Objection extends Exception {
    private static final long serialVersionUID = 1;

    private Objection(String reason) {
      super(reason);
    }
  }

  private final Place place;
  private final Names names;
  private final Inode up;
  private final Inode down;

  private NamedPair(Place place, Names names, Inode up, Inode down) {
    this.place = place;
    this.names = names;
    this.up = up;
    this.down = down;
  }

  /** Makes two FIFOs of this process's own, with names that nobody has. */
  static NamedPair make(Place place) throws SystemCallException {
    while (true) {
      Names names = Names.of(place.name(), RANDOM.nextLong());
      String up = place.sibling(names.up());
      String down = place.sibling(names.down());
      if (!made(up)) {
        continue;
      }
      boolean kept = false;
      boolean both = false;
      try {
        both = made(down);
        if (both) {
          NamedPair pair = new NamedPair(place, names, Inode.at(up), Inode.at(down));
          kept = true;
          return pair;
        }
      } finally {
        if (!kept) {
          Fifos.unlink(up);
          if (both) {
            Fifos.unlink(down);
          }
        }
      }
    }
  }

  /** False when the name is taken. */
  private static boolean made(String path) throws SystemCallException {
    int errno = Fifos.make(path);
    if (errno != 0 && !Errno.EEXIST.is(errno)) {
      throw new SystemCallException("mkfifo", errno);
    }
    return errno == 0;
  }

  /**
   * Looks at a client's pair: two FIFOs of this user, neither the other.
   *
   * @return null when the client has gone, or has given them up
   */
  static NamedPair find(Place place, Names names) throws SystemCallException, Objection {
    Inode up = find(place, names.up());
    Inode down = find(place, names.down());
    if (up == null || down == null) {
      return null;
    }
    if (up.isSameFile(down)) {
      throw new Objection(names.up() + " and " + names.down() + " are one FIFO");
    }
    return new NamedPair(place, names, up, down);
  }

  private static Inode find(Place place, String name) throws SystemCallException, Objection {
    Inode found = Inode.at(place.sibling(name));
    if (found != null && !found.isOwnFifo()) {
      throw new Objection(name + " is no FIFO of this user");
    }
    return found;
  }

  Names names() {
    return names;
  }

  /** Whether a FIFO is one of these. */
  boolean has(Inode fifo) {
    return up.isSameFile(fifo) || down.isSameFile(fifo);
  }

  /** Whether both pairs have a FIFO in common. */
  boolean shares(NamedPair other) {
    return has(other.up) || has(other.down);
  }

  Objection inUse() {
    return new Objection(names.up() + " is in use");
  }

  /** What the client writes. */
  Fd openUp(int access) throws SystemCallException {
    return open(names.up(), up, access);
  }

  /** What the client reads. */
  Fd openDown(int access) throws SystemCallException {
    return open(names.down(), down, access);
  }

  /** It must be the one that was looked at. */
  private Fd open(String name, Inode expected, int access) throws SystemCallException {
    Fd fifo = Fifos.open(place.sibling(name), access);
    Inode found = null;
    try {
      found = Inode.of(fifo);
    } finally {
      if (!expected.isSameFile(found) || !found.isOwnFifo()) {
        fifo.close();
      }
    }
    if (!expected.isSameFile(found) || !found.isOwnFifo()) {
      throw new SystemCallException("open", Errno.ENOENT.number());
    }
    return fifo;
  }

  /** Whether opening has failed because the other side has gone or has taken a name away. */
  static boolean isGone(SystemCallException e) {
    return Errno.ENXIO.is(e.errno()) || Errno.ENOENT.is(e.errno()) || Errno.EPIPE.is(e.errno());
  }

  @Override
  public void close() {
    remove(place.sibling(names.up()), up);
    remove(place.sibling(names.down()), down);
  }

  private static void remove(String path, Inode own) {
    try {
      if (own.isSameFile(Inode.at(path))) {
        Fifos.unlink(path);
      }
    } catch (SystemCallException e) {
      // Nobody can say whose it is now, so it is left to be swept.
    }
  }
}
