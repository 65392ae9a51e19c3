package dev.samehost.bridge;

import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.zip.GZIPInputStream;

/**
 * A message on its way through a proxy, as it travels: one that was compressed goes on compressed,
 * and nobody looks into it.
 */
public final class Message {
  private final byte[] bytes;
  private final boolean isCompressed;

  private Message(byte[] bytes, boolean isCompressed) {
    this.bytes = bytes;
    this.isCompressed = isCompressed;
  }

  /** One that is not compressed. */
  public static Message of(byte[] bytes) {
    return new Message(bytes, false);
  }

  /** As it travels. */
  public byte[] bytes() {
    return bytes;
  }

  /** Whether it is compressed, which is by gzip. */
  public boolean isCompressed() {
    return isCompressed;
  }

  /**
   * The same for a receiver that takes no gzip.
   *
   * @param most how many bytes it may have; of more, no more is unpacked
   * @param side whose limit that is, {@code client} or {@code server}
   * @throws LinkException MESSAGE_INFLATED, or MESSAGE_UNDECODABLE of the server that has sent it
   */
  public Message plain(int most, String side) throws LinkException {
    return isCompressed ? new Message(unpacked(bytes, most, side, "the server"), false) : this;
  }

  /**
   * What was compressed by gzip.
   *
   * @param most how many bytes it may have; of more, no more is unpacked
   * @param side whose limit that is, {@code client} or {@code server}
   * @param from who has compressed it
   * @throws LinkException MESSAGE_INFLATED, MESSAGE_UNDECODABLE
   */
  public static byte[] unpacked(byte[] gzip, int most, String side, String from)
      throws LinkException {
    try (InputStream plain = new GZIPInputStream(new ByteArrayInputStream(gzip))) {
      byte[] all = plain.readNBytes(most);
      if (plain.read() >= 0) {
        throw Fault.MESSAGE_INFLATED.with(most, side, "maximum inbound message size");
      }
      return all;
    } catch (IOException e) {
      throw Fault.MESSAGE_UNDECODABLE.causedBy(e, from, e.getMessage());
    } catch (StackOverflowError e) { // the JDK descends once for each empty member of the archive
      throw Fault.MESSAGE_UNDECODABLE.causedBy(e, from, "too many empty members of gzip");
    }
  }

  /**
   * How much of its answers is unpacked for clients whose own limit nobody knows: as much as a
   * server takes itself, or as much as our wire takes unless a side says otherwise.
   */
  public static int mostOfAnswers(int maxInbound) {
    return Math.max(maxInbound, 64 << 20);
  }

  /** Takes messages from a stream as whole as they are, and gives them the same way. */
  public abstract static class Marshaller implements MethodDescriptor.Marshaller<Message> {
    /** Of messages that come from our wire. */
    public static final Marshaller OF_LINK =
        new Marshaller() {
          @Override
          boolean isCompressed(InputStream stream) {
            return Gzip.wasUsed();
          }
        };

    /** Of messages that come from HTTP/2: grpc-java knows the length of one it does not unpack. */
    public static final Marshaller OF_HTTP2 =
        new Marshaller() {
          @Override
          boolean isCompressed(InputStream stream) {
            return !(stream instanceof KnownLength);
          }
        };

    abstract boolean isCompressed(InputStream stream);

    @Override
    public Message parse(InputStream stream) {
      try {
        boolean isCompressed = isCompressed(stream);
        return new Message(stream.readAllBytes(), isCompressed);
      } catch (IOException e) {
        throw new UncheckedIOException("the message cannot be read", e);
      }
    }

    @Override
    public InputStream stream(Message message) {
      return new Whole(message.bytes);
    }
  }

  private static final class Whole extends ByteArrayInputStream implements KnownLength {
    private Whole(byte[] bytes) {
      super(bytes);
    }
  }
}
