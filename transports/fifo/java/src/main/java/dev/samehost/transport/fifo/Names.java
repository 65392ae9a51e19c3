package dev.samehost.transport.fifo;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The two names of a client's pipes, in the folder of the rendezvous: {@code
 * .NAME.0123456789abcdef.up}, which the client writes, and the same with {@code .down}, which it
 * reads; and the record that tells them to a server.
 */
record Names(String up, String down) {
  /** What a server answers, one byte (ACK), when it has both pipes of a client open. */
  static final byte ANSWER = 0x06;

  /** No record is longer. */
  static final int RECORD_LIMIT = 512;

  /** Those of a rendezvous with a number of their own. */
  static Names of(String rendezvous, long number) {
    return of(rendezvous, "%016x".formatted(number));
  }

  private static Names of(String rendezvous, String digits) {
    String stem = "." + rendezvous + "." + digits;
    return new Names(stem + ".up", stem + ".down");
  }

  /** The names of which {@code name} is one, if it is any of a rendezvous. */
  static Optional<Names> with(String rendezvous, String name) {
    Matcher matcher =
        Pattern.compile("\\." + Pattern.quote(rendezvous) + "\\.([0-9a-f]{16})\\.(up|down)")
            .matcher(name);
    return matcher.matches() ? Optional.of(of(rendezvous, matcher.group(1))) : Optional.empty();
  }

  /** The record: a line that begins on a line of its own, whatever somebody has written before. */
  byte[] record() {
    return ("\n" + line() + "\n").getBytes(UTF_8);
  }

  private String line() {
    return "fifo1 " + up + " " + down;
  }

  /** The names in a line of the rendezvous, which must be a record's to the last byte. */
  static Optional<Names> read(String rendezvous, ByteBuffer line) {
    Matcher matcher =
        Pattern.compile("fifo1 (\\." + Pattern.quote(rendezvous) + "\\.[0-9a-f]{16}\\.up) .*")
            .matcher(UTF_8.decode(line.duplicate()));
    if (!matcher.matches()) {
      return Optional.empty();
    }
    return with(rendezvous, matcher.group(1))
        .filter(names -> UTF_8.encode(names.line()).equals(line));
  }
}
