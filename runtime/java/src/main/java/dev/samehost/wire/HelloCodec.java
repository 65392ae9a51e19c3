package dev.samehost.wire;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The protobuf form of {@link Hello}, by hand: the runtime ships no generated class that could
 * clash with the application's version of protobuf.
 */
final class HelloCodec {
  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int BYTES = 2;
  private static final int FIXED32 = 5;

  private HelloCodec() {}

  static byte[] encode(
      Hello hello,
      int maxFrameBytes,
      int initialCredit,
      int maxMessageBytes,
      int maxMetadataBytes,
      int maxStreams,
      int maxMethods) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(64);
    number(out, 1, hello.minVersion());
    number(out, 2, hello.maxVersion());
    text(out, 3, hello.implementation());
    number(out, 4, hello.pid());
    number(out, 5, hello.pidNamespace());
    for (String feature : hello.features()) {
      text(out, 6, feature);
    }
    number(out, 7, maxFrameBytes);
    number(out, 8, initialCredit);
    number(out, 9, maxMessageBytes);
    number(out, 10, maxMetadataBytes);
    number(out, 11, maxStreams);
    number(out, 12, maxMethods);
    if (out.size() > Hello.MAX_BYTES) {
      throw new IllegalArgumentException("a HELLO of " + out.size() + " bytes");
    }
    return out.toByteArray();
  }

  private static void number(ByteArrayOutputStream out, int field, long value) {
    if (value != 0) {
      varint(out, field << 3 | VARINT);
      varint(out, value);
    }
  }

  private static void text(ByteArrayOutputStream out, int field, String text) {
    if (!text.isEmpty()) {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      varint(out, field << 3 | BYTES);
      varint(out, bytes.length);
      out.writeBytes(bytes);
    }
  }

  private static void varint(ByteArrayOutputStream out, long value) {
    long left = value;
    while ((left & ~0x7FL) != 0) {
      out.write((int) (left & 0x7F) | 0x80);
      left >>>= 7;
    }
    out.write((int) left);
  }

  static Hello decode(ByteBuffer in) throws WireException {
    // Numbers by their field; 3 and 6 are texts.
    long[] numbers = new long[13];
    String implementation = "";
    List<String> features = new ArrayList<>();
    while (in.hasRemaining()) {
      long tag = readVarint(in);
      long field = tag >>> 3;
      int wire = (int) (tag & 7);
      if (field == 0 || field > 0x1FFF_FFFF) {
        throw WireException.protocol("a field of HELLO with the number " + field);
      }
      if (field > 12) {
        skip(in, wire);
        continue;
      }
      boolean isText = field == 3 || field == 6;
      if (wire != (isText ? BYTES : VARINT)) {
        throw WireException.protocol("field " + field + " of HELLO has another type");
      }
      if (!isText) {
        numbers[(int) field] = readVarint(in);
      } else if (field == 3) {
        implementation = readText(in);
      } else {
        features.add(readText(in));
      }
    }
    long minVersion = numbers[1];
    long maxVersion = numbers[2];
    if (minVersion <= 0 || minVersion > maxVersion || maxVersion > 0xFFFF_FFFFL) {
      String least = Long.toUnsignedString(minVersion);
      String most = Long.toUnsignedString(maxVersion);
      throw WireException.protocol("HELLO with the versions " + least + " to " + most);
    }
    return new Hello(
        (int) Math.min(minVersion, Integer.MAX_VALUE),
        (int) Math.min(maxVersion, Integer.MAX_VALUE),
        implementation,
        numbers[4],
        numbers[5],
        features,
        limit("max_frame_bytes", numbers[7], 4_096, 16_777_216),
        limit("initial_credit", numbers[8], 1_024, Integer.MAX_VALUE),
        limit("max_message_bytes", numbers[9], 1, Integer.MAX_VALUE),
        limit("max_metadata_bytes", numbers[10], 256, 32_768),
        limit("max_streams", numbers[11], 1, Integer.MAX_VALUE),
        limit("max_methods", numbers[12], 1, 65_535));
  }

  private static int limit(String name, long value, int least, int most) throws WireException {
    if (value != 0 && (value < least || value > most)) {
      throw WireException.protocol(
          "HELLO with "
              + name
              + " "
              + Long.toUnsignedString(value)
              + ", allowed are "
              + least
              + " to "
              + most);
    }
    return (int) value;
  }

  private static void skip(ByteBuffer in, int wire) throws WireException {
    switch (wire) {
      case VARINT -> readVarint(in);
      case FIXED64 -> skipBytes(in, 8);
      case BYTES -> skipBytes(in, readVarint(in));
      case FIXED32 -> skipBytes(in, 4);
      default -> throw WireException.protocol("a field of HELLO of the wire type " + wire);
    }
  }

  private static void skipBytes(ByteBuffer in, long count) throws WireException {
    if (count < 0 || count > in.remaining()) {
      throw WireException.protocol("HELLO ends in a field");
    }
    in.position(in.position() + (int) count);
  }

  private static String readText(ByteBuffer in) throws WireException {
    long count = readVarint(in);
    if (count < 0 || count > in.remaining()) {
      throw WireException.protocol("HELLO ends in a text");
    }
    return Fields.text(in, (int) count, "a text of HELLO");
  }

  private static long readVarint(ByteBuffer in) throws WireException {
    long value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (!in.hasRemaining()) {
        throw WireException.protocol("HELLO ends in a number");
      }
      byte next = in.get();
      if (shift == 63 && (next & 0x7E) != 0) {
        break;
      }
      value |= (next & 0x7FL) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw WireException.protocol("HELLO has a number of more than 64 bits");
  }
}
