package dev.samehost.connection;

import dev.samehost.wire.Hello;

/**
 * What a {@link Connection} is made with.
 *
 * @param address of the connection, for the texts of faults
 * @param hello what this side says; its limits are this side's
 * @param outboundBytes the bound of the link's outbound queue: messages wait in their streams while
 *     a quarter of it is taken; the rest is for answers that cannot wait
 * @param readyBytes a stream is ready for messages while fewer bytes than this wait in it
 * @param pieceBytes the longest frame that this side sends, so that streams interleave
 * @param noiseBytes how many bytes are skipped before the peer's preface
 * @param helloFirst whether an acceptor says HELLO before it has read the connector's
 * @param firstStream the id of the first stream that this side opens, 0 for the usual one
 */
public record Settings(
    String address,
    Hello hello,
    int outboundBytes,
    int readyBytes,
    int pieceBytes,
    int noiseBytes,
    boolean helloFirst,
    int firstStream) {
  /** The defaults of PROTOCOL.md. */
  public static Settings of(String address, Hello hello) {
    return new Settings(address, hello, 1 << 20, 32 << 10, 64 << 10, 0, false, 0);
  }

  /** The same, skipping noise before the preface. */
  public Settings withNoise(int bytes) {
    return new Settings(
        address, hello, outboundBytes, readyBytes, pieceBytes, bytes, helloFirst, firstStream);
  }

  /** The same with the sending side's bounds changed. */
  Settings withOutbound(int outbound, int ready, int piece) {
    return new Settings(
        address, hello, outbound, ready, piece, noiseBytes, helloFirst, firstStream);
  }

  /** The same, with an acceptor that says HELLO first. */
  Settings withHelloFirst() {
    return new Settings(
        address, hello, outboundBytes, readyBytes, pieceBytes, noiseBytes, true, firstStream);
  }

  /** The same, with other ids. */
  Settings withFirstStream(int id) {
    return new Settings(
        address, hello, outboundBytes, readyBytes, pieceBytes, noiseBytes, helloFirst, id);
  }
}
