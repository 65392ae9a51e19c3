package dev.samehost.transport.posix;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Map;

/**
 * Which file it is, whatever its name was or will be, and whose.
 *
 * @param device of its file system
 * @param number within that
 * @param mode its kind and its permissions
 * @param user who owns it, unsigned
 * @param modified when it was last written, in milliseconds since 1970
 */
public record Inode(long device, long number, int mode, int user, long modified) {
  private static final int S_IFMT = 0170000;
  private static final int S_IFIFO = 0010000;
  private static final int S_IFSOCK = 0140000;

  /** The file at a path, not followed if it is a symbolic link; null when there is none. */
  public static Inode at(String path) throws SystemCallException {
    return found(path, LinkOption.NOFOLLOW_LINKS);
  }

  /** The file at a path, or behind the symbolic link there; null when there is none. */
  public static Inode behind(String path) throws SystemCallException {
    return found(path);
  }

  private static Inode found(String path, LinkOption... options) throws SystemCallException {
    try {
      return read(Path.of(path), options);
    } catch (NoSuchFileException e) {
      return null;
    } catch (AccessDeniedException e) {
      throw new SystemCallException("lstat", Errno.EACCES.number());
    } catch (IOException e) {
      throw new SystemCallException("lstat", Errno.EIO.number());
    }
  }

  /** The file behind a descriptor. */
  public static Inode of(Fd fd) throws SystemCallException {
    try {
      return read(Path.of((Os.LINUX ? "/proc/self/fd/" : "/dev/fd/") + fd.number()));
    } catch (IOException e) {
      throw new SystemCallException("fstat", Errno.EIO.number());
    }
  }

  private static Inode read(Path path, LinkOption... options) throws IOException {
    Map<String, Object> all =
        Files.readAttributes(path, "unix:dev,ino,mode,uid,lastModifiedTime", options);
    return new Inode(
        (Long) all.get("dev"),
        (Long) all.get("ino"),
        (Integer) all.get("mode"),
        (Integer) all.get("uid"),
        ((FileTime) all.get("lastModifiedTime")).toMillis());
  }

  /** Whether it is a socket. */
  public boolean isSocket() {
    return (mode & S_IFMT) == S_IFSOCK;
  }

  /** Whether it is a FIFO that this process's user has made. */
  public boolean isOwnFifo() {
    return (mode & S_IFMT) == S_IFIFO && user == SystemCalls.geteuid();
  }

  /** Whether both are one file. */
  public boolean isSameFile(Inode other) {
    return other != null && device == other.device && number == other.number;
  }
}
