package dev.samehost.transport;

import java.nio.ByteBuffer;
import java.util.HexFormat;

/** Takes the links that others make to one address. */
public interface Listener extends AutoCloseable {
  /**
   * Begins to listen, and returns when a client can connect.
   *
   * @throws LinkException with what went wrong; nothing is left behind then
   */
  void start(Acceptor acceptor) throws LinkException;

  /** The address that a client can use; it is complete once {@link #start} has returned. */
  String address();

  /**
   * Stops taking links and removes what {@link #start} made and nothing else. Links that were
   * accepted live on. May be repeated, and called without a start.
   */
  @Override
  void close();

  /** Takes what a listener accepts. Called by the listener's threads; must not wait. */
  interface Acceptor {
    /**
     * Judges the first bytes of a new connection, where the transport lets strangers connect. Only
     * the bytes between position and limit count; they are not consumed.
     */
    FirstBytes judge(ByteBuffer bytes);

    /**
     * What a connection suffers from whose first bytes, all that came, are these: they were judged
     * NO, or the connection or the time ended with MORE. There is at least one; they are not
     * consumed. Who knows the protocols that strangers may speak can name them here.
     */
    default LinkException faultOf(String address, ByteBuffer bytes) {
      return FirstBytes.areOfTls(bytes)
          ? Fault.PEER_TLS.with(address)
          : Fault.PEER_NONSENSE.with(address, FirstBytes.show(bytes));
    }

    /**
     * A link whose first bytes were judged YES.
     *
     * @param first what was judged last, and not consumed: reading the link gives these bytes
     *     again; empty where nothing is judged
     */
    void accepted(Link link, ByteBuffer first);

    /**
     * A connection that was turned away: another user's, one whose first bytes were judged NO or
     * did not come in time. It is closed already; this is for the log.
     */
    void refused(LinkException why);

    /** What to send to a peer that is turned away, before it is closed; may be empty. */
    ByteBuffer farewell(LinkException why);

    /**
     * The listener can take no more links for good, and not by its {@link #close}. One that has but
     * one link to give says so when that link is over.
     */
    void ended(LinkException why);
  }

  /** The three answers to the question whether bytes begin the wire that an acceptor speaks. */
  enum FirstBytes {
    /** They do. */
    YES,
    /** They do not, whatever follows. */
    NO,
    /** More bytes are needed. */
    MORE;

    private static final int SHOWN_BYTES = 8;
    private static final int HANDSHAKE = 0x16;
    private static final int VERSION = 0x03;

    /** Whether bytes, at least one of them and not consumed, begin TLS as its clients do. */
    public static boolean areOfTls(ByteBuffer bytes) {
      int at = bytes.position();
      return bytes.get(at) == HANDSHAKE && (bytes.remaining() < 2 || bytes.get(at + 1) == VERSION);
    }

    /** Bytes for people, at most 8 of them: {@code "220 mail" (32 32 30 20 6D 61 69 6C)}. */
    public static String show(ByteBuffer bytes) {
      byte[] shown = new byte[Math.min(bytes.remaining(), SHOWN_BYTES)];
      bytes.duplicate().get(shown);
      StringBuilder text = new StringBuilder("\"");
      for (byte value : shown) {
        text.append(value >= ' ' && value <= '~' ? (char) value : '.');
      }
      return text + "\" (" + HexFormat.ofDelimiter(" ").withUpperCase().formatHex(shown) + ")";
    }
  }
}
