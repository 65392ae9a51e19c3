package dev.samehost;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.shm.ShmOptions;
import dev.samehost.transport.shm.ShmTransport;
import dev.samehost.transport.testkit.Bytes;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.concurrent.CountDownLatch;

/**
 * A program that is to be killed: it has links to a server, speaks the wire by hand, and leaves
 * each link in the middle of something. A line on its standard output says that all of them are.
 */
public final class DoomedCallers {
  private static final String PATH = "/samehost.test.Echo/Unary";
  private static final int TEXT_BYTES = 10_000;

  private final Link link;

  /** Streams have odd ids here. */
  private int stream = -1;

  private DoomedCallers(Link link) {
    this.link = link;
  }

  /** Connects to the path of the first argument, as often as the second one says. */
  public static void main(String[] arguments) throws Exception {
    int links = Integer.parseInt(arguments[1]);
    CountDownLatch inTheMiddle = new CountDownLatch(links);
    TransportOptions options =
        TransportOptions.NONE.with(ShmOptions.STRICT, true).with(ShmOptions.RING_BYTES, 64 << 10);
    Connector connector = new ShmTransport().connector(new Address("shm", arguments[0]), options);
    for (int i = 0; i < links; i++) {
      DoomedCallers caller = new DoomedCallers(connector.connect(Bytes.PATIENCE_NANOS));
      int kind = i + Integer.parseInt(arguments[2]);
      new Thread(() -> caller.run(kind % 3, inTheMiddle)).start();
    }
    inTheMiddle.await();
    System.out.println("IN THE MIDDLE");
    Thread.sleep(Long.MAX_VALUE);
  }

  private void run(int kind, CountDownLatch inTheMiddle) {
    try {
      say(HexFormat.of().parseHex((RawPeer.PREFACE + RawPeer.HELLO).replace(" ", "")));
      say(call());
      Bytes.read(link, TEXT_BYTES); // more than its HELLO: the call is being answered
      inTheMiddle.countDown();
      inTheMiddle.await();
      switch (kind) {
        case 0 -> say(ByteBuffer.allocate(TEXT_BYTES / 2).put(call(), 0, TEXT_BYTES / 2).array());
        case 1 -> callAndRead();
        default -> callAndReadNothing();
      }
    } catch (LinkException | InterruptedException e) {
      // Whoever waits for the line learns from the end of this process.
      e.printStackTrace();
      System.exit(1);
    }
  }

  private void callAndRead() throws LinkException {
    ByteBuffer answers = ByteBuffer.allocate(64 << 10);
    while (true) {
      say(call());
      while (link.read(answers.clear()) > 0) {}
    }
  }

  /** Until both rings are full, and then for good. */
  private void callAndReadNothing() throws LinkException {
    while (true) {
      say(call());
    }
  }

  private void say(byte[] bytes) throws LinkException {
    ByteBuffer source = ByteBuffer.wrap(bytes);
    while (source.hasRemaining()) {
      if (link.write(source) == 0) {
        link.await(Link.WRITE, Long.MAX_VALUE);
      }
    }
  }

  /** The OPEN of a unary call: END, MESSAGE and, of the first one, PATH; no metadata. */
  private byte[] call() {
    stream += 2;
    byte[] path = stream == 1 ? PATH.getBytes(UTF_8) : new byte[0];
    byte[] message = message();
    int pathBytes = stream == 1 ? 2 + path.length : 0;
    ByteArrayOutputStream frame = new ByteArrayOutputStream();
    String header =
        RawPeer.header(pathBytes + 2 + message.length, 2, stream == 1 ? 7 : 3, stream, 1);
    frame.writeBytes(HexFormat.of().parseHex(header));
    if (stream == 1) {
      frame.writeBytes(new byte[] {(byte) path.length, 0});
      frame.writeBytes(path);
    }
    frame.writeBytes(new byte[2]);
    frame.writeBytes(message);
    return frame.toByteArray();
  }

  private static byte[] message() {
    return Setting.note("x".repeat(TEXT_BYTES)).toByteArray();
  }
}
