package dev.samehost.transport.tls;

import java.nio.ByteBuffer;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * TLS of one connection: records in, plain bytes out, and the other way round. It does no I/O and
 * never waits. Used by one thread at a time, but for {@link #room}, {@link #filled} and {@link
 * #isReady}, which are the reader's at any time.
 */
public final class TlsSession {
  private static final Logger log = LoggerFactory.getLogger(TlsSession.class);
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);
  private static final int HEADER_BYTES = 5;
  private static final int LEAST_TYPE = 0x14;
  private static final int MOST_TYPE = 0x18;
  private static final int VERSION = 0x03;

  /** What a record may have, its header aside. */
  private static final int MOST_RECORD_BYTES = (1 << 14) + 2048;

  private static final int FIRST_INCOMING_BYTES = 4 << 10;

  /** Several records are read at once where so many come. */
  private static final int MOST_INCOMING_BYTES = 64 << 10;

  /** How often the engine may have something to say in a row; it has once or twice. */
  private static final int MOST_WORDS = 16;

  private final SSLEngine engine;

  /** Records that have come, between position and limit. It grows with what comes. */
  private ByteBuffer incoming = NOTHING;

  /** The same, opened, where there was no room for it. */
  private ByteBuffer plain = NOTHING;

  /** Records to be sent. */
  private ByteBuffer outgoing = NOTHING;

  private boolean begun;
  private boolean grows;
  private boolean ended;
  private boolean ready;

  TlsSession(SSLEngine engine) {
    this.engine = engine;
  }

  /** Who is at the other end, once the handshake is over. */
  public SSLSession session() {
    return engine.getSession();
  }

  /** What both sides have agreed to speak inside, by ALPN; empty where they have not. */
  String protocol() {
    return engine.getApplicationProtocol();
  }

  // ---- what has come

  /** Where records are to be put that come. {@link #filled} has to follow. */
  ByteBuffer room() {
    if (incoming.capacity() == 0) {
      incoming = ByteBuffer.allocateDirect(FIRST_INCOMING_BYTES).limit(0);
    }
    boolean isFull = incoming.remaining() == incoming.capacity();
    if (isFull || (grows && incoming.capacity() < MOST_INCOMING_BYTES)) {
      incoming = ByteBuffer.allocateDirect(4 * incoming.capacity()).put(incoming);
    } else {
      incoming.compact();
    }
    return incoming;
  }

  /** What has come was put there. */
  void filled() {
    grows = !incoming.hasRemaining();
    incoming.flip();
    ready = isReadyNow();
  }

  /** Records that have come. */
  public void take(ByteBuffer records) {
    while (records.hasRemaining()) {
      ByteBuffer room = room();
      int count = Math.min(room.remaining(), records.remaining());
      room.put(room.position(), records, records.position(), count);
      room.position(room.position() + count);
      records.position(records.position() + count);
      filled();
    }
  }

  /** No more records will come. Without a word of the end that is one, too. */
  void endsWithoutAWord() {
    ended = true;
    ready = true;
  }

  /** Whether {@link #open} makes progress without anything that is still to come. */
  boolean isReady() {
    return ready;
  }

  /** Whether the peer has ended its direction, and all that it sent was opened and read. */
  public boolean hasEnded() {
    return ended;
  }

  /** Whether what has come, at least a byte, can be TLS. */
  public boolean isTls() {
    int at = incoming.position();
    int type = incoming.get(at);
    return type >= LEAST_TYPE
        && type <= MOST_TYPE
        && (incoming.remaining() < 2 || incoming.get(at + 1) == VERSION);
  }

  private boolean isReadyNow() {
    return plain.hasRemaining() || ended || hasRecord();
  }

  /** A whole record, or one that cannot become one. */
  private boolean hasRecord() {
    if (incoming.remaining() < HEADER_BYTES) {
      return false;
    }
    int length = recordBytes();
    return length > MOST_RECORD_BYTES || incoming.remaining() >= HEADER_BYTES + length || !isTls();
  }

  private int recordBytes() {
    int at = incoming.position() + HEADER_BYTES - 2;
    return Byte.toUnsignedInt(incoming.get(at)) << 8 | Byte.toUnsignedInt(incoming.get(at + 1));
  }

  // ---- the handshake

  /**
   * Goes on with the handshake as far as what has come allows. What it has to say is to be sent.
   *
   * @return whether it is over
   */
  public boolean shake() throws SSLException {
    while (true) {
      HandshakeStatus status = engine.getHandshakeStatus();
      if (status == HandshakeStatus.NEED_TASK) {
        runTasks();
      } else if (status == HandshakeStatus.NEED_WRAP) {
        speak();
      } else if (!begun) {
        begun = true;
        engine.beginHandshake();
      } else if (status == HandshakeStatus.NOT_HANDSHAKING) {
        ready = isReadyNow();
        return true;
      } else if (!hasRecord()) {
        return false;
      } else {
        unwrap(NOTHING);
        if (ended) {
          throw new SSLException("the peer has ended TLS in the handshake");
        }
      }
    }
  }

  private void runTasks() {
    for (Runnable task = engine.getDelegatedTask();
        task != null;
        task = engine.getDelegatedTask()) {
      task.run();
    }
  }

  // ---- from records to plain bytes

  /**
   * Opens the records that have come, as far as there is room for what is in them.
   *
   * @return how many bytes that were
   */
  public int open(ByteBuffer destination) throws SSLException {
    int start = destination.position();
    try {
      give(destination);
      while (destination.hasRemaining() && !ended && hasRecord()) {
        if (unwrap(destination) == SSLEngineResult.Status.BUFFER_OVERFLOW) {
          openAside();
          give(destination);
        }
        goOn();
      }
    } finally {
      ready = isReadyNow();
    }
    return destination.position() - start;
  }

  private void give(ByteBuffer destination) {
    int count = Math.min(plain.remaining(), destination.remaining());
    if (count > 0) {
      destination.put(destination.position(), plain, plain.position(), count);
      destination.position(destination.position() + count);
      plain.position(plain.position() + count);
    }
  }

  private void openAside() throws SSLException {
    int most = engine.getSession().getApplicationBufferSize();
    if (plain.capacity() < most) {
      plain = ByteBuffer.allocate(most);
    }
    plain.clear();
    SSLEngineResult.Status status;
    try {
      status = unwrap(plain);
    } finally {
      plain.flip();
    }
    if (status == SSLEngineResult.Status.BUFFER_OVERFLOW) {
      throw new SSLException("a record larger than the engine has said");
    }
  }

  private SSLEngineResult.Status unwrap(ByteBuffer destination) throws SSLException {
    SSLEngineResult.Status status = engine.unwrap(incoming, destination).getStatus();
    if (status == SSLEngineResult.Status.BUFFER_UNDERFLOW) {
      throw new SSLException("a record of " + recordBytes() + " bytes");
    }
    ended |= status == SSLEngineResult.Status.CLOSED;
    return status;
  }

  /** Lets the engine say what it has to: that its keys change, for one. */
  private void goOn() throws SSLException {
    HandshakeStatus status = engine.getHandshakeStatus();
    for (int words = 0; words < MOST_WORDS; words++) {
      if (status == HandshakeStatus.NEED_TASK) {
        runTasks();
      } else if (status == HandshakeStatus.NEED_WRAP) {
        speak();
      } else {
        return;
      }
      status = engine.getHandshakeStatus();
    }
    throw new SSLException("no end of what is to be said");
  }

  /** Gives bytes again that were opened: {@link #open} begins with them. */
  public void giveAgain(ByteBuffer opened) {
    byte[] bytes = new byte[opened.remaining() + plain.remaining()];
    int count = opened.remaining();
    opened.get(bytes, 0, count);
    plain.get(bytes, count, plain.remaining());
    plain = ByteBuffer.wrap(bytes);
    ready = isReadyNow();
  }

  // ---- from plain bytes to records

  /** Whether nothing can be sealed any more: the peer of an old TLS has ended both directions. */
  boolean isSealed() {
    return engine.isOutboundDone();
  }

  /** What is to be sent; whoever sends it moves its position on. */
  public ByteBuffer output() {
    return outgoing;
  }

  /**
   * Seals what fits one record, once all is sent that was sealed before.
   *
   * @return how many bytes that were; 0 where the engine waits for the peer
   */
  public int seal(ByteBuffer source) throws SSLException {
    for (int words = 0; words < MOST_WORDS; words++) {
      int count = wrap(source);
      if (count != 0 || !source.hasRemaining()) {
        return Math.max(0, count);
      }
      if (engine.getHandshakeStatus() == HandshakeStatus.NEED_TASK) {
        runTasks();
      } else if (engine.getHandshakeStatus() == HandshakeStatus.NEED_UNWRAP) {
        return 0;
      }
    }
    throw new SSLException("the engine seals nothing");
  }

  private void speak() throws SSLException {
    int ignored = wrap(NOTHING);
  }

  /** Appends a record to what is to be sent. */
  private int wrap(ByteBuffer source) throws SSLException {
    int least = engine.getSession().getPacketBufferSize();
    if (!outgoing.hasRemaining() && outgoing.capacity() >= least) {
      outgoing.clear();
    } else if (outgoing.capacity() - outgoing.remaining() < least) {
      // On the heap, where the engine seals without copies of its own.
      outgoing = ByteBuffer.allocate(outgoing.remaining() + least).put(outgoing);
    } else {
      outgoing.compact();
    }
    SSLEngineResult result;
    try {
      result = engine.wrap(source, outgoing);
    } finally {
      outgoing.flip();
    }
    if (result.getStatus() == SSLEngineResult.Status.CLOSED && source.hasRemaining()) {
      throw new SSLException("the peer has ended TLS");
    }
    return result.bytesConsumed();
  }

  // ---- the end

  /** Ends this side's direction; what says so is to be sent. */
  public void end() throws SSLException {
    engine.closeOutbound();
    speakLast();
  }

  /** Something has failed: the alert that says so, if there is one, is to be sent. */
  public void alert() {
    try {
      speakLast();
    } catch (SSLException e) {
      log.debug("no alert can be sent", e);
    }
  }

  private void speakLast() throws SSLException {
    for (int words = 0; words < MOST_WORDS && !engine.isOutboundDone(); words++) {
      int before = outgoing.remaining();
      speak();
      if (outgoing.remaining() == before) {
        return;
      }
    }
  }

  /** Holds no more memory than what has come, and is to be sent, needs. */
  void rest() {
    if (!incoming.hasRemaining()) {
      incoming = NOTHING;
    }
    if (!outgoing.hasRemaining()) {
      outgoing = NOTHING;
    }
    if (!plain.hasRemaining()) {
      plain = NOTHING;
    }
  }
}
