package dev.samehost.transport.fifo;

import dev.samehost.transport.posix.Fifos;
import dev.samehost.transport.posix.Inode;
import dev.samehost.transport.posix.SystemCallException;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * The names that clients have left who were killed before they could be served. Removes those that
 * are old and at which nobody waits, and touches no others.
 */
final class Leftovers {
  /** How old a name is at least that nobody can need: clients make new ones much sooner. */
  private static final long STALE_MILLIS = 10_000;

  private Leftovers() {}

  /**
   * Looks for them.
   *
   * @param isUsed whether a FIFO is being served
   */
  static void sweep(Place place, Predicate<Inode> isUsed) {
    try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of(place.folder()))) {
      for (Path path : all) {
        Optional<Names> names = Names.with(place.name(), path.getFileName().toString());
        if (names.isPresent() && isLeft(place, path.toString(), names.get(), isUsed)) {
          Fifos.unlink(path.toString());
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      // Whatever cannot be listed is left for another time.
    }
  }

  private static boolean isLeft(Place place, String path, Names names, Predicate<Inode> isUsed) {
    try {
      Inode found = Inode.at(path);
      return found != null
          && found.isOwnFifo()
          && System.currentTimeMillis() - found.modified() > STALE_MILLIS
          && !isUsed.test(found)
          && !isRead(place.sibling(names.down()));
    } catch (SystemCallException e) {
      return false;
    }
  }

  /** Whether a client still waits at its pair. */
  private static boolean isRead(String down) throws SystemCallException {
    Inode found = Inode.at(down);
    if (found == null || !found.isOwnFifo()) {
      return false;
    }
    try {
      Fifos.open(down, Fifos.WRITE).close();
      return true;
    } catch (SystemCallException e) {
      return false;
    }
  }
}
