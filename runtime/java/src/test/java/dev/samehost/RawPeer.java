package dev.samehost;

import static com.google.common.truth.Truth.assertThat;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.concurrent.CountDownLatch;

/** A peer that is no samehost: plain bytes on a Unix socket. */
final class RawPeer implements AutoCloseable {
  static final String PREFACE = "F553484F53540D0A";

  /** A HELLO of versions 1 to 1 and nothing else. */
  static final String HELLO = "04000000 01000000 00000000 00000000  08011001";

  private final SocketChannel channel;

  RawPeer(SocketChannel channel) {
    this.channel = channel;
  }

  /** What a raw server does with each of its connections, in order. */
  interface Script {
    void play(RawPeer peer, int connection) throws Exception;
  }

  /** A raw server; it ends when it is closed, in the middle of a script if need be. */
  static final class Server implements AutoCloseable {
    private final ServerSocketChannel socket;
    private final Script script;
    private final CountDownLatch firstPlayed = new CountDownLatch(1);
    private final Thread thread = new Thread(this::accept, "raw server");

    private Server(ServerSocketChannel socket, Script script) {
      this.socket = socket;
      this.script = script;
      thread.setDaemon(true);
      thread.start();
    }

    private void accept() {
      for (int connection = 0; socket.isOpen(); connection++) {
        try (RawPeer peer = new RawPeer(socket.accept())) {
          script.play(peer, connection);
        } catch (Exception e) {
          // Whatever the other side does to it, the next connection is served.
        } finally {
          firstPlayed.countDown();
        }
      }
    }

    /** Waits until the script of the first connection is over. */
    void awaitFirstPlayed() throws InterruptedException {
      firstPlayed.await();
    }

    @Override
    public void close() throws IOException, InterruptedException {
      socket.close();
      thread.interrupt();
      thread.join();
    }
  }

  static Server serve(Path path, Script script) throws IOException {
    ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    socket.bind(UnixDomainSocketAddress.of(path));
    return new Server(socket, script);
  }

  static RawPeer connect(Path path) throws IOException {
    return new RawPeer(SocketChannel.open(UnixDomainSocketAddress.of(path)));
  }

  void say(String hex) throws IOException {
    byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
    channel.write(ByteBuffer.wrap(bytes));
  }

  void sayText(String text) throws IOException {
    channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
  }

  void endOutput() throws IOException {
    channel.shutdownOutput();
  }

  byte[] read(int count) throws IOException {
    return Channels.newInputStream(channel).readNBytes(count);
  }

  /** Everything up to the end. */
  byte[] readAll() throws IOException {
    return Channels.newInputStream(channel).readAllBytes();
  }

  /** Says preface and HELLO, and takes the other side's. */
  void greet() throws IOException {
    say(PREFACE + HELLO);
    awaitHello();
  }

  /** Takes the other side's preface and HELLO. */
  void awaitHello() throws IOException {
    assertThat(HexFormat.of().withUpperCase().formatHex(read(8))).isEqualTo(PREFACE);
    assertThat(awaitFrame().type).isEqualTo(1);
  }

  Frame awaitFrame() throws IOException {
    byte[] bytes = read(16);
    if (bytes.length < 16) {
      throw new IOException("the peer ended the connection");
    }
    ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    byte[] payload = read(header.getInt(0));
    return new Frame(header.get(4), header.get(5), header.getInt(8), header.getInt(12), payload);
  }

  /** Waits for an OPEN, passing over what else there is, and gives the stream's id. */
  int awaitOpen() throws IOException {
    while (true) {
      Frame frame = awaitFrame();
      if (frame.type == 2) {
        return frame.stream;
      }
    }
  }

  /** The OPEN of a connection's first unary call: an empty message, and no metadata. */
  static String open(int stream, String path) {
    int length = 2 + path.length() + 2; // END, MESSAGE and PATH
    return header(length, 2, 7, stream, 1)
        + String.format("%02x00", path.length())
        + text(path)
        + "0000";
  }

  /** A STATUS frame with a word, and neither headers, text nor trailers. */
  static String status(int stream, int code) {
    return header(4, 5, 0, stream, code) + "0000 0000";
  }

  static String header(int length, int type, int flags, int stream, int word) {
    ByteBuffer header = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
    header.putInt(length).put((byte) type).put((byte) flags).putShort((short) 0);
    header.putInt(stream).putInt(word);
    return HexFormat.of().formatHex(header.array());
  }

  static String text(String text) {
    return HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  /** A frame as it came. */
  @SuppressWarnings("ArrayRecordComponent") // nobody compares frames
  record Frame(int type, int flags, int stream, int word, byte[] payload) {}
}
