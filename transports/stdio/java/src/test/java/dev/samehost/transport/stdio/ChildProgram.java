package dev.samehost.transport.stdio;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.samehost.transport.Address;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.testkit.Bytes;
import dev.samehost.transport.testkit.RecordingAcceptor;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/** A child that serves its host, in one of several ways; the tests start it. */
final class ChildProgram {
  private ChildProgram() {}

  public static void main(String[] arguments) throws Exception {
    System.out.println("printed before main serves");
    TransportOptions options = TransportOptions.NONE;
    if (arguments[0].equals("embedded")) {
      options = options.with(StdioOptions.EXIT_WITH_HOST, false);
    }
    RecordingAcceptor acceptor = new RecordingAcceptor();
    Listener listener = new StdioTransport().listener(Address.parse("stdio:"), options);
    listener.start(acceptor);
    Link link = acceptor.nextAccepted();
    switch (arguments[0]) {
      case "echo" -> {
        Bytes.write(link, "\nREADY\n".getBytes(US_ASCII));
        echo(link);
        link.close();
        System.err.println("ended: " + acceptor.nextEnded().fault());
      }
      case "standard-streams" -> {
        System.out.println("printed to System.out");
        int input = System.in.read();
        Bytes.write(link, ("\nREADY\nread " + input).getBytes(US_ASCII));
        link.close();
      }
      case "second" -> {
        Listener second = new StdioTransport().listener(Address.parse("stdio:"), options);
        String answer = "no refusal";
        try {
          second.start(new RecordingAcceptor());
        } catch (LinkException e) {
          answer = e.fault().toString();
        }
        Bytes.write(link, ("\nREADY\n" + answer).getBytes(US_ASCII));
        link.close();
      }
      case "busy" -> {
        Bytes.write(link, "\nREADY\n".getBytes(US_ASCII));
        busy();
      }
      case "told" -> {
        long namespace = (Long) Files.getAttribute(Path.of("/proc/self/ns/pid"), "unix:ino");
        link.peerSaidHello(Long.parseLong(arguments[1]), namespace);
        Bytes.write(link, "\nREADY\n".getBytes(US_ASCII));
        busy();
      }
      case "slow-end" -> {
        // Longer than the grace, but in the end it is this that ends the process.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> slowEnd(arguments[2])));
        long namespace = (Long) Files.getAttribute(Path.of("/proc/self/ns/pid"), "unix:ino");
        link.peerSaidHello(Long.parseLong(arguments[1]), namespace);
        Bytes.write(link, "\nREADY\n".getBytes(US_ASCII));
        echo(link);
        link.close();
      }
      case "embedded" -> {
        Bytes.write(link, "\nREADY\n".getBytes(US_ASCII));
        echo(link);
        link.close();
        Files.writeString(Path.of(arguments[1]), "went on");
        busy();
      }
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  private static void echo(Link link) throws LinkException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(65_536);
    while (true) {
      int count = link.read(buffer.clear());
      if (count < 0) {
        return;
      }
      if (count == 0) {
        int ignored = link.await(Link.READ, Link.FOREVER);
      }
      buffer.flip();
      while (buffer.hasRemaining()) {
        if (link.write(buffer) == 0) {
          int ignored = link.await(Link.WRITE, Link.FOREVER);
        }
      }
    }
  }

  /** User code that notices nothing. */
  private static void busy() throws InterruptedException {
    Thread.sleep(Long.MAX_VALUE);
  }

  private static void slowEnd(String file) {
    try {
      Thread.sleep(1_500);
      Files.writeString(Path.of(file), "ended by itself");
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
