package dev.samehost.transport.fifo;

import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.posix.Errno;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.Fifos;
import dev.samehost.transport.posix.Inode;
import dev.samehost.transport.posix.SystemCallException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A rendezvous, held by this process until it is closed. Whoever holds the lock on the FIFO at the
 * path has it; the lock goes with the process, however that ends, and a FIFO without one is taken
 * over. It removes no file but the one that it has locked.
 */
final class Rendezvous implements AutoCloseable {
  /** How often somebody may take the path away between two steps before that is a failure. */
  private static final int TRIES = 100;

  private final Place place;
  private final Inode inode;
  private final Fd fifo;

  private Rendezvous(Place place, Inode inode, Fd fifo) {
    this.place = place;
    this.inode = inode;
    this.fifo = fifo;
  }

  /**
   * Takes a rendezvous. Its FIFO is open for both directions, so that its reader never meets an
   * end, and locked for as long as it is open.
   */
  static Rendezvous take(Place place) throws LinkException {
    try {
      for (int i = 0; i < TRIES; i++) {
        Rendezvous taken = tryOnce(place);
        if (taken != null) {
          return taken;
        }
      }
      throw new SystemCallException("open", Errno.EBUSY.number());
    } catch (SystemCallException e) {
      throw failure(place, e);
    }
  }

  /** Null when the one who held it has removed it between two steps. */
  private static Rendezvous tryOnce(Place place) throws LinkException, SystemCallException {
    Inode found = Inode.at(place.path());
    if (found == null) {
      int errno = Fifos.make(place.path());
      if (errno != 0 && !Errno.EEXIST.is(errno)) {
        throw new SystemCallException("mkfifo", errno);
      }
    } else if (!found.isOwnFifo()) {
      throw notOurs(place);
    }
    Fd fifo = open(place);
    if (fifo == null) {
      return null;
    }
    try {
      int errno = Fifos.lock(fifo);
      if (Errno.EAGAIN.is(errno)) {
        throw Fault.LISTEN_IN_USE.with(place.address());
      }
      if (errno != 0) {
        throw new SystemCallException("flock", errno);
      }
      Inode locked = Inode.of(fifo);
      if (!locked.isOwnFifo()) {
        throw notOurs(place);
      }
      if (!locked.isSameFile(Inode.at(place.path()))) {
        return null;
      }
      Fifos.restrict(fifo);
      Rendezvous taken = new Rendezvous(place, locked, fifo);
      fifo = null;
      return taken;
    } finally {
      if (fifo != null) {
        fifo.close();
      }
    }
  }

  private static Fd open(Place place) throws LinkException, SystemCallException {
    try {
      return Fifos.open(place.path(), Fifos.BOTH);
    } catch (SystemCallException e) {
      if (Errno.ENOENT.is(e.errno())) {
        return null;
      }
      if (Errno.ELOOP.is(e.errno())) {
        throw notOurs(place);
      }
      throw e;
    }
  }

  private static LinkException notOurs(Place place) {
    return Fault.LISTEN_NOT_A_FIFO.with(place.address(), place.path());
  }

  private static LinkException failure(Place place, SystemCallException e) {
    // A file system like that of /proc says ENOENT as well where nothing can be made.
    boolean isGone = Errno.ENOENT.is(e.errno()) || Errno.ENOTDIR.is(e.errno());
    if (isGone && !Files.isDirectory(Path.of(place.folder()))) {
      return Fault.LISTEN_NO_FOLDER.with(place.address(), place.folder());
    }
    if (Errno.EACCES.is(e.errno())) {
      return Fault.LISTEN_PERMISSION.with(place.address(), place.folder());
    }
    return e.fault(Fault.LISTEN_FAILED, place.address());
  }

  /** Where records arrive. */
  Fd fifo() {
    return fifo;
  }

  /** Takes the path away from clients, while the FIFO is still read. May be repeated. */
  void unpublish() {
    try {
      if (inode.isSameFile(Inode.at(place.path()))) {
        Fifos.unlink(place.path());
      }
    } catch (SystemCallException e) {
      // Nobody can say whose it is now, so it is left: the next listener takes it over.
    }
  }

  @Override
  public void close() {
    fifo.close();
  }
}
