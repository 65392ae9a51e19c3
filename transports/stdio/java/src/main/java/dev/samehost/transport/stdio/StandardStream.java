package dev.samehost.transport.stdio;

import dev.samehost.transport.posix.Access;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.SystemCallException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A private descriptor of what is behind standard input or output, and how to use it without ever
 * changing the mode of the open file description, which others may share.
 *
 * @param fd close-on-exec and at least 3
 * @param access how to use it
 */
record StandardStream(Fd fd, Access access) {
  private static final int S_IFMT = 0170000;
  private static final int S_IFIFO = 0010000;

  static StandardStream toRead(int number) throws SystemCallException {
    return of(number, true);
  }

  static StandardStream toWrite(int number) throws SystemCallException {
    return of(number, false);
  }

  private static StandardStream of(int number, boolean toRead) throws SystemCallException {
    if (Fd.isSocket(number)) {
      return new StandardStream(Fd.duplicate(number), Access.SOCKET);
    }
    String path = "/proc/self/fd/" + number;
    if (isPipe(path)) {
      try {
        Fd own = toRead ? Fd.openSource(path) : Fd.openSink(path);
        return new StandardStream(own, Access.NON_BLOCKING);
      } catch (SystemCallException e) {
        // It belongs to another user, say. Then without a description of its own.
      }
    }
    return new StandardStream(Fd.duplicate(number), Access.SHARED);
  }

  private static boolean isPipe(String path) {
    try {
      int mode = (Integer) Files.getAttribute(Path.of(path), "unix:mode");
      return (mode & S_IFMT) == S_IFIFO;
    } catch (IOException | UnsupportedOperationException e) {
      return false; // nor is there another way to ask
    }
  }
}
