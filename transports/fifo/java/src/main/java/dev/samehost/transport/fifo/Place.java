package dev.samehost.transport.fifo;

import dev.samehost.transport.Address;
import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Peer;
import dev.samehost.transport.posix.SystemCalls;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * The path of a rendezvous, as an address names it. It touches no file.
 *
 * @param address as it was written, for people
 * @param path where it is
 * @param folder the one that all names are in
 * @param name the last part of the path
 */
record Place(Address address, String path, String folder, String name) {
  /**
   * The longest name: a record then has at most 512 bytes, which every system takes whole
   * (PIPE_BUF), and the names in it at most 255.
   */
  static final int NAME_LIMIT = 200;

  static Place of(Address address) throws LinkException {
    String rest = address.rest();
    String name = rest.substring(rest.lastIndexOf('/') + 1);
    if (rest.isEmpty()) {
      throw malformed(address, "it has no path");
    }
    if (rest.indexOf('\0') >= 0) {
      throw malformed(address, "it has a NUL");
    }
    if (name.isEmpty() || name.equals(".") || name.equals("..")) {
      throw malformed(address, "its path has no file name");
    }
    if (name.indexOf('\n') >= 0) {
      throw malformed(address, "its file name has a line break");
    }
    if (name.getBytes(StandardCharsets.UTF_8).length > NAME_LIMIT) {
      throw malformed(address, "its file name has more than " + NAME_LIMIT + " bytes");
    }
    Path path = Path.of(rest).toAbsolutePath();
    return new Place(address, path.toString(), path.getParent().toString(), name);
  }

  private static LinkException malformed(Address address, String reason) {
    return Fault.ADDRESS_MALFORMED.with(address, reason);
  }

  /** Where a file of this folder is. */
  String sibling(String fileName) {
    return folder.endsWith("/") ? folder + fileName : folder + "/" + fileName;
  }

  /** Whoever is at the other end: it has made a FIFO that only this user can have made. */
  Peer peer() {
    return new Peer(
        address.toString(),
        OptionalLong.empty(),
        OptionalLong.of(Integer.toUnsignedLong(SystemCalls.geteuid())),
        OptionalLong.empty());
  }
}
