package dev.samehost.json;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.ByteString;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A client of HTTP/1.1 that says what it is told to, byte by byte where that matters. */
final class Client implements AutoCloseable {
  private final Closeable socket;
  private final ReadableByteChannel source;
  private final WritableByteChannel sink;
  private final End outputsEnd;
  private final ByteBuffer input = ByteBuffer.allocate(64 << 10).flip();

  Client(SocketAddress address) throws IOException {
    SocketChannel channel = SocketChannel.open(address);
    socket = channel;
    source = channel;
    sink = channel;
    outputsEnd = channel::shutdownOutput;
  }

  Client(Socket connected) throws IOException {
    socket = connected;
    source = Channels.newChannel(connected.getInputStream());
    sink = Channels.newChannel(connected.getOutputStream());
    outputsEnd = connected::shutdownOutput;
  }

  /** How a socket is told that no more will be said. */
  private interface End {
    void come() throws IOException;
  }

  /** A request of JSON as it travels, with further headers as lines. */
  static String request(String path, String json, String... headers) {
    String length = "content-length: " + json.getBytes(UTF_8).length;
    return head(
            "POST " + path + " HTTP/1.1", with(headers, "content-type: application/json", length))
        + json;
  }

  static String head(String line, String... headers) {
    StringBuilder head = new StringBuilder(line).append("\r\nhost: localhost\r\n");
    for (String header : headers) {
      head.append(header).append("\r\n");
    }
    return head.append("\r\n").toString();
  }

  static String[] with(String[] some, String... more) {
    List<String> all = new ArrayList<>(List.of(some));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  void send(String text) throws IOException {
    send(text.getBytes(UTF_8));
  }

  void send(byte[] bytes) throws IOException {
    ByteBuffer all = ByteBuffer.wrap(bytes);
    while (all.hasRemaining()) {
      sink.write(all);
    }
  }

  /** Sends a request of JSON, and reads the answer. */
  Answer call(String path, String json, String... headers) throws IOException {
    send(request(path, json, headers));
    return answer();
  }

  /** Sends a request of protobuf's own bytes, and reads the answer. */
  Answer proto(String path, byte[] message, String... headers) throws IOException {
    String[] all =
        with(headers, "content-type: application/proto", "content-length: " + message.length);
    send(head("POST " + path + " HTTP/1.1", all));
    send(message);
    return answer();
  }

  void shutdownOutput() throws IOException {
    outputsEnd.come();
  }

  /** The next answer. */
  Answer answer() throws IOException {
    List<String> head = new ArrayList<>();
    for (String line = line(); !line.isEmpty(); line = line()) {
      head.add(line);
    }
    Answer answer = new Answer(head, ByteString.EMPTY);
    String length = answer.header("content-length");
    byte[] body = read(length == null ? 0 : Integer.parseInt(length));
    return new Answer(head, ByteString.copyFrom(body));
  }

  private String line() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int each = next(); each != '\n'; each = next()) {
      if (each < 0) {
        throw new EOFException("the connection has ended: " + line);
      }
      line.write(each);
    }
    return line.toString(ISO_8859_1).trim();
  }

  byte[] read(int count) throws IOException {
    byte[] bytes = new byte[count];
    for (int i = 0; i < count; i++) {
      int each = next();
      if (each < 0) {
        throw new EOFException("the connection has ended within a body");
      }
      bytes[i] = (byte) each;
    }
    return bytes;
  }

  /** The next byte; -1 at the end. */
  int next() throws IOException {
    if (!input.hasRemaining()) {
      int count = source.read(input.clear());
      input.flip();
      if (count < 0) {
        return -1;
      }
    }
    return input.get() & 0xff;
  }

  /** Waits for the end, which may be a hard one; answers whether nothing came before it. */
  boolean ends() {
    try {
      return next() < 0;
    } catch (IOException e) {
      return true;
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }

  /** What a server answers. */
  record Answer(List<String> head, ByteString body) {
    int status() {
      return Integer.parseInt(head.get(0).split(" ", 3)[1]);
    }

    List<String> headers(String name) {
      List<String> values = new ArrayList<>();
      for (String line : head.subList(1, head.size())) {
        String[] parts = line.split(":", 2);
        if (parts[0].toLowerCase(Locale.ROOT).equals(name)) {
          values.add(parts[1].trim());
        }
      }
      return values;
    }

    /** The only one of its name; null when there is none. */
    String header(String name) {
      List<String> values = headers(name);
      if (values.size() > 1) {
        throw new AssertionError("more than one " + name + ": " + values);
      }
      return values.isEmpty() ? null : values.get(0);
    }

    String text() {
      return body.toStringUtf8();
    }

    JsonObject json() {
      return JsonParser.parseString(text()).getAsJsonObject();
    }

    String code() {
      return json().get("code").getAsString();
    }

    String message() {
      return json().get("message").getAsString();
    }
  }
}
