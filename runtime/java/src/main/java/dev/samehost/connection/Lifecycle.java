package dev.samehost.connection;

import dev.samehost.transport.Code;
import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.wire.Flags;
import dev.samehost.wire.Frame;
import dev.samehost.wire.FrameHeader;
import dev.samehost.wire.FrameReader;
import dev.samehost.wire.FrameType;
import dev.samehost.wire.GoAwayCode;
import dev.samehost.wire.Hello;
import dev.samehost.wire.PrefaceReader;
import dev.samehost.wire.WireException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Objects;

/**
 * The states of a connection: preface, HELLO, draining and the three ends. It takes the frames that
 * belong to no stream and hands the others to {@link StreamFrames}.
 */
final class Lifecycle {
  private final String address;
  private final Settings settings;
  private final Hello own;
  private final PrefaceReader preface;
  private final FrameReader reader = new FrameReader(Hello.MAX_BYTES);
  private final Frame frame = new Frame();
  private final Streams streams;
  private final Outbound outbound;
  private final StreamFrames streamFrames;
  private final Event.Sink events;

  private ConnectionState state = ConnectionState.AWAIT_PREFACE;
  private LinkException fault;
  private Hello peer;
  private boolean saidPreface;
  private boolean saidHello;
  private boolean saidGoAway;

  /** The bytes of the pings that the peer has not answered, in their order. */
  private final ArrayDeque<Long> pings = new ArrayDeque<>();

  Lifecycle(
      Side side,
      Settings settings,
      Streams streams,
      Outbound outbound,
      StreamFrames streamFrames,
      Event.Sink events) {
    this.settings = settings;
    this.streams = streams;
    this.outbound = outbound;
    this.streamFrames = streamFrames;
    this.events = events;
    address = settings.address();
    own = settings.hello();
    preface = new PrefaceReader(settings.noiseBytes());
    if (side == Side.CONNECTOR || settings.helloFirst()) {
      sayHello();
    }
  }

  ConnectionState state() {
    return state;
  }

  LinkException fault() {
    return fault;
  }

  Hello peerHello() {
    return peer;
  }

  PrefaceReader preface() {
    return preface;
  }

  void receive(ByteBuffer bytes) {
    ByteOrder order = bytes.order();
    bytes.order(ByteOrder.LITTLE_ENDIAN);
    try {
      if (state == ConnectionState.AWAIT_PREFACE) {
        takePreface(bytes);
      }
      while (canReceive() && reader.next(bytes)) {
        takeFrame();
      }
    } catch (WireException e) {
      malformed(e.code(), e.getMessage());
    }
    reader.release(bytes);
    bytes.position(bytes.limit()).order(order);
  }

  /** Memory that waits for the rest of a frame, which is then told by {@link #receive}; or null. */
  ByteBuffer unfinished() {
    return canReceive() ? reader.unfinished() : null;
  }

  private boolean canReceive() {
    return state != ConnectionState.AWAIT_PREFACE && state != ConnectionState.CLOSED;
  }

  void receiveEnd() {
    switch (state) {
      case AWAIT_PREFACE -> {
        if (preface.isInsidePreface()) {
          close(End.TRUNCATED, Fault.LINK_TRUNCATED.with(address));
        } else if (preface.isEmpty() || settings.noiseBytes() > 0) {
          close(End.CLEAN, Fault.PEER_GONE_BEFORE_HELLO.with(address));
        } else {
          close(End.MALFORMED, nonsense());
        }
      }
      case AWAIT_HELLO, OPEN, DRAINING -> {
        if (!reader.isBetweenFrames()) {
          close(End.TRUNCATED, Fault.LINK_TRUNCATED.with(address));
        } else if (state == ConnectionState.AWAIT_HELLO) {
          close(End.CLEAN, Fault.PEER_GONE_BEFORE_HELLO.with(address));
        } else {
          boolean lost = streams.open() > 0;
          close(End.CLEAN, lost ? Fault.LINK_ENDED.with(address) : null);
        }
      }
      case CLOSED -> {}
    }
  }

  private void takePreface(ByteBuffer bytes) {
    switch (preface.take(bytes)) {
      case YES -> state = state.to(ConnectionState.AWAIT_HELLO);
      case HTTP2 -> close(End.MALFORMED, Fault.PEER_HTTP2.with(address));
      case HTTP1 -> close(End.MALFORMED, Fault.PEER_HTTP1.with(address));
      case NONSENSE -> close(End.MALFORMED, nonsense());
      case MORE -> {}
    }
  }

  private LinkException nonsense() {
    return Fault.PEER_NONSENSE.with(address, preface.firstBytes());
  }

  private void takeFrame() throws WireException {
    int before = outbound.frames.pending();
    FrameHeader header = reader.header();
    FrameType type = FrameType.of(header.type());
    if (type == null) {
      if (header.type() >= FrameType.FIRST_SKIPPED && peer != null) {
        return;
      }
      throw broken("a frame of the unknown type " + header.type());
    }
    if (peer == null && type != FrameType.HELLO && type != FrameType.GOAWAY) {
      throw broken(type + " before HELLO");
    }
    if (type.isConnections() != (header.stream() == 0)) {
      throw broken(type + " with stream " + Integer.toUnsignedString(header.stream()));
    }
    switch (type) {
      case HELLO -> takeHello();
      case PING -> takePing();
      case GOAWAY -> takeGoAway();
      default -> streamFrames.take(type, reader);
    }
    checkUnread(before);
  }

  private void takeHello() throws WireException {
    if (peer != null) {
      throw broken("a second HELLO");
    }
    frame.decode(FrameType.HELLO, reader.header(), reader.payload());
    Hello hello = frame.hello();
    int version = Math.min(own.maxVersion(), hello.maxVersion());
    if (version < Math.max(own.minVersion(), hello.minVersion())) {
      mismatch(hello);
      return;
    }
    peer = hello;
    state = state.to(ConnectionState.OPEN);
    sayHello();
    reader.limit(own.maxFrameBytes());
    outbound.peerSaidHello(hello);
    streamFrames.peerSaidHello(hello);
    events.take(new Event.HelloReceived(hello, version));
  }

  private void mismatch(Hello hello) {
    sayHello();
    String text = "this side speaks the versions " + own.minVersion() + " to " + own.maxVersion();
    giveUp(GoAwayCode.VERSION_MISMATCH, text);
    close(
        End.MALFORMED,
        Fault.VERSION_MISMATCH.with(
            address,
            own.minVersion(),
            own.maxVersion(),
            hello.implementation(),
            hello.minVersion(),
            hello.maxVersion()));
  }

  private void takePing() throws WireException {
    frame.decode(FrameType.PING, reader.header(), reader.payload());
    if (!reader.header().has(Flags.ACK)) {
      outbound.frames.ping(Flags.ACK, frame.data());
    } else if (Objects.equals(pings.peek(), frame.data())) {
      pings.remove();
      events.take(new Event.Pong(frame.data()));
    }
  }

  private void takeGoAway() throws WireException {
    frame.decode(FrameType.GOAWAY, reader.header(), reader.payload());
    int last = reader.header().word();
    GoAwayCode code = GoAwayCode.of(frame.code());
    events.take(new Event.GoAway(last, code, frame.text()));
    if (code == GoAwayCode.REFUSED) {
      close(End.GOAWAY, Fault.PEER_REFUSED.with(address, frame.text()));
    } else if (code != GoAwayCode.NO_ERROR) {
      close(End.GOAWAY, Fault.PEER_GOAWAY.with(address, code, frame.text()));
    } else if (peer == null) {
      close(End.GOAWAY, Fault.PEER_DRAINING.with(address));
    } else {
      failUnseen(last);
      drain();
    }
  }

  /** Streams that the peer will not have seen, by its GOAWAY. */
  private void failUnseen(int last) {
    String text = Fault.PEER_DRAINING.text(address);
    for (Stream stream : streams.all()) {
      if (stream.isLocal() && (last == 0 || Streams.isLater(stream.id(), last))) {
        streamFrames.fail(stream, Code.UNAVAILABLE, text, true, Event.Cause.GOAWAY);
      }
    }
  }

  private void drain() {
    streamFrames.drain();
    if (state == ConnectionState.OPEN) {
      state = state.to(ConnectionState.DRAINING);
    }
  }

  /**
   * Answers that cannot wait must be read at some time, or the peer makes work without end. What
   * this side says by itself is not the peer's fault.
   */
  private void checkUnread(int before) throws WireException {
    boolean answered = outbound.frames.pending() > before;
    boolean over = outbound.frames.pending() > settings.outboundBytes();
    if (answered && over && state != ConnectionState.CLOSED) {
      throw new WireException(
          GoAwayCode.LIMIT_EXCEEDED,
          outbound.frames.pending() + " bytes of answers wait, and the peer does not read them");
    }
  }

  private void malformed(GoAwayCode code, String text) {
    giveUp(code, text);
    close(End.MALFORMED, Fault.MALFORMED.with(address, code, text));
  }

  /** Tells a peer that is known to speak this wire why it is given up. */
  private void giveUp(GoAwayCode code, String text) {
    if (state != ConnectionState.AWAIT_PREFACE) {
      writeGoAway(code, text);
    }
  }

  private void writeGoAway(GoAwayCode code, String text) {
    sayPreface();
    saidGoAway = true;
    outbound.frames.goAway(streamFrames.lastAccepted(), code.number(), text);
  }

  private void sayPreface() {
    if (!saidPreface) {
      saidPreface = true;
      outbound.frames.preface();
    }
  }

  private void sayHello() {
    sayPreface();
    if (!saidHello) {
      saidHello = true;
      outbound.frames.hello(own);
    }
  }

  void close(End end, LinkException why) {
    if (state == ConnectionState.CLOSED) {
      return;
    }
    state = state.to(ConnectionState.CLOSED);
    fault = why;
    for (Stream stream : streams.all()) {
      streamFrames.fail(stream, why.code(), why.getMessage(), false, Event.Cause.CONNECTION);
    }
    events.take(new Event.Closed(end, why));
  }

  void ping(long data) {
    if (state == ConnectionState.OPEN || state == ConnectionState.DRAINING) {
      pings.add(data);
      outbound.frames.ping(0, data);
    }
  }

  void goAway(String text) {
    if (state == ConnectionState.OPEN || state == ConnectionState.DRAINING) {
      if (!saidGoAway) { // one that drains is enough; one with an error may follow it
        writeGoAway(GoAwayCode.NO_ERROR, text);
      }
      drain();
    } else if (state != ConnectionState.CLOSED) {
      writeGoAway(GoAwayCode.NO_ERROR, text);
      close(End.CLEAN, Fault.LINK_CLOSED.with(address));
    }
  }

  void fail(GoAwayCode code, String text, LinkException fault) {
    if (state != ConnectionState.CLOSED) {
      giveUp(code, text);
      close(End.FAILED, fault);
    }
  }

  void helloTimeout(long nanos) {
    boolean isStrange = settings.noiseBytes() == 0 && !preface.isEmpty();
    if (state == ConnectionState.AWAIT_PREFACE && isStrange && !preface.isInsidePreface()) {
      close(End.MALFORMED, nonsense());
    } else if (state == ConnectionState.AWAIT_PREFACE || state == ConnectionState.AWAIT_HELLO) {
      String seconds = Seconds.plain(nanos);
      String text = "no HELLO within " + seconds + " s";
      fail(GoAwayCode.HELLO_TIMEOUT, text, Fault.PEER_SILENT.with(address, seconds));
    }
  }

  /** Both sides have drained when no stream is open and everything is written. */
  void endWhenDrained() {
    boolean isDrained = streams.open() == 0 && outbound.frames.pending() == 0;
    if (state == ConnectionState.DRAINING && isDrained) {
      close(End.CLEAN, null);
    }
  }

  private static WireException broken(String text) {
    return new WireException(GoAwayCode.PROTOCOL_ERROR, text);
  }
}
