package dev.samehost;

import dev.samehost.wire.MetadataBlock;
import io.grpc.Metadata;
import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Translates metadata between the wire and gRPC. The values of one key keep their order; the order
 * of different keys is not gRPC's to keep.
 */
final class MetadataBlocks {
  private static final Logger log = LoggerFactory.getLogger(MetadataBlocks.class);

  private MetadataBlocks() {}

  static MetadataBlock toBlock(Metadata metadata) {
    return toBlock(metadata, MetadataBlock.EMPTY);
  }

  /** The metadata, with pairs that are the wire's own business. */
  static MetadataBlock toBlock(Metadata metadata, MetadataBlock more) {
    if (metadata.keys().isEmpty()) {
      return more;
    }
    MetadataBlock.Builder block = MetadataBlock.builder();
    for (int i = 0; i < more.size(); i++) {
      block.add(more.key(i), more.value(i));
    }
    for (String name : metadata.keys()) {
      if (!MetadataBlock.isReserved(name)) {
        add(block, metadata, name);
      }
    }
    return block.build();
  }

  private static void add(MetadataBlock.Builder block, Metadata metadata, String name) {
    if (isBinary(name)) {
      for (byte[] value : metadata.getAll(binary(name))) {
        block.add(name, value);
      }
    } else {
      for (String value : metadata.getAll(ascii(name))) {
        if (isPrintable(value)) {
          block.add(name, value.getBytes(StandardCharsets.US_ASCII));
        } else {
          log.warn("metadata {} has a value with control characters, which is not sent", name);
        }
      }
    }
  }

  /** The metadata, without what is the wire's own business. */
  static Metadata toMetadata(MetadataBlock block) {
    Metadata metadata = new Metadata();
    for (int i = 0; i < block.size(); i++) {
      String name = block.key(i);
      if (name.equals(Encodings.ACCEPTED.name()) || MetadataBlock.isReserved(name)) {
        continue;
      }
      byte[] value = block.value(i);
      if (name.equals(Metadata.BINARY_HEADER_SUFFIX)) {
        continue; // the wire allows this key, but gRPC has no way to say it
      }
      if (isBinary(name)) {
        metadata.put(binary(name), value.clone()); // the block may be another call's too
      } else {
        String text = new String(value, StandardCharsets.ISO_8859_1);
        if (isPrintable(text)) {
          metadata.put(ascii(name), text);
        }
      }
    }
    return metadata;
  }

  /** As gRPC has it: what is not printable ASCII travels under binary keys alone. */
  private static boolean isPrintable(String value) {
    for (int i = 0; i < value.length(); i++) {
      if (value.charAt(i) < ' ' || value.charAt(i) > '~') {
        return false;
      }
    }
    return true;
  }

  private static boolean isBinary(String name) {
    return name.endsWith(Metadata.BINARY_HEADER_SUFFIX);
  }

  private static Metadata.Key<byte[]> binary(String name) {
    return Metadata.Key.of(name, Metadata.BINARY_BYTE_MARSHALLER);
  }

  private static Metadata.Key<String> ascii(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }
}
