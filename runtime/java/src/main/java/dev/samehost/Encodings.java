package dev.samehost;

import dev.samehost.wire.MetadataBlock;
import io.grpc.Codec;
import io.grpc.Compressor;
import io.grpc.CompressorRegistry;
import io.grpc.Decompressor;
import io.grpc.DecompressorRegistry;
import io.grpc.Metadata;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.TreeSet;

/**
 * How the messages of a channel or of a server may be compressed: gRPC's registries of codecs, and
 * what the wire says of them. A codec is a feature of HELLO by its name; a call names the one that
 * it uses by {@code grpc-encoding}, and those that it takes by {@code grpc-accept-encoding}.
 */
final class Encodings {
  private static final String IDENTITY = Codec.Identity.NONE.getMessageEncoding();

  /** The codec of the messages that follow. */
  static final Metadata.Key<String> USED =
      Metadata.Key.of("grpc-encoding", Metadata.ASCII_STRING_MARSHALLER);

  /** The codecs that the answer may use. It says what HELLO says, but by the call. */
  static final Metadata.Key<String> ACCEPTED =
      Metadata.Key.of(MetadataBlock.ACCEPT_ENCODING, Metadata.ASCII_STRING_MARSHALLER);

  /** gRPC's default registries, which know gzip. */
  static final Encodings DEFAULT =
      new Encodings(
          CompressorRegistry.getDefaultInstance(), DecompressorRegistry.getDefaultInstance());

  private final CompressorRegistry compressors;
  private final DecompressorRegistry decompressors;
  private final MetadataBlock accepted;

  private Encodings(CompressorRegistry compressors, DecompressorRegistry decompressors) {
    this.compressors = compressors;
    this.decompressors = decompressors;
    String names = String.join(",", withoutIdentity(decompressors.getAdvertisedMessageEncodings()));
    this.accepted =
        names.isEmpty()
            ? MetadataBlock.EMPTY
            : MetadataBlock.builder()
                .add(ACCEPTED.name(), names.getBytes(StandardCharsets.US_ASCII))
                .build();
  }

  private static Set<String> withoutIdentity(Set<String> names) {
    Set<String> sorted = new TreeSet<>(names);
    sorted.remove(IDENTITY);
    return sorted;
  }

  Encodings with(CompressorRegistry registry) {
    return new Encodings(registry, decompressors);
  }

  Encodings with(DecompressorRegistry registry) {
    return new Encodings(compressors, registry);
  }

  /** What HELLO says: the codecs that are understood. */
  String[] features() {
    return withoutIdentity(decompressors.getKnownMessageEncodings()).toArray(String[]::new);
  }

  /** What a request's metadata says beside the application's. */
  MetadataBlock accepted() {
    return accepted;
  }

  /** Whether a request's metadata accepts a codec for the answer. */
  static boolean accepts(MetadataBlock request, String encoding) {
    byte[] names = request.first(ACCEPTED.name());
    if (names == null) {
      return false;
    }
    for (String name : new String(names, StandardCharsets.US_ASCII).split(",", -1)) {
      if (name.trim().equals(encoding)) {
        return true;
      }
    }
    return false;
  }

  /** Whether there is a codec of this name, {@code identity} included. */
  boolean canCompress(String name) {
    return compressors.lookupCompressor(name) != null;
  }

  /** The codec of this name; null for {@code identity}, which changes nothing. */
  Compressor compressor(String name) {
    return IDENTITY.equals(name) ? null : compressors.lookupCompressor(name);
  }

  /** The codec that the peer's metadata names, for messages that the wire lets pass. */
  Decompressor decompressor(MetadataBlock metadata) {
    byte[] name = metadata.first(USED.name());
    return decompressors.lookupDecompressor(new String(name, StandardCharsets.US_ASCII));
  }
}
