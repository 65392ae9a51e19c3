package dev.samehost.json;

import dev.samehost.transport.Fault;
import dev.samehost.wire.MetadataBlock;
import io.grpc.Metadata;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Metadata as headers of HTTP, and the other way round. */
final class Fields {
  private static final Set<String> OF_HTTP =
      Set.of(
          "host",
          "connection",
          "keep-alive",
          "transfer-encoding",
          "te",
          "trailer",
          "upgrade",
          "expect",
          "accept");

  private static final String[] PREFIXES_OF_PROTOCOLS = {
    "proxy-", "content-", "accept-", "connect-", "grpc-"
  };

  private Fields() {}

  private static boolean isMetadata(String key) {
    if (OF_HTTP.contains(key)) {
      return false;
    }
    for (String prefix : PREFIXES_OF_PROTOCOLS) {
      if (key.startsWith(prefix)) {
        return false;
      }
    }
    return true;
  }

  /** What the headers of a request say to the application. */
  static Metadata metadata(HttpHeaders headers) throws Refusal {
    Metadata metadata = new Metadata();
    for (Map.Entry<String, String> header : headers) {
      String key = header.getKey().toLowerCase(Locale.ROOT);
      if (!isMetadata(key)) {
        continue;
      }
      if (!MetadataBlock.isKey(key) || key.equals(Metadata.BINARY_HEADER_SUFFIX)) {
        throw invalid(key, "a key holds 0-9 a-z _ - . alone");
      }
      try {
        put(metadata, key, header.getValue());
      } catch (IllegalArgumentException e) {
        throw invalid(
            key, "a value is printable ASCII, or any bytes under a key that ends in -bin");
      }
    }
    return metadata;
  }

  private static Refusal invalid(String key, String why) {
    return Refusal.invalid(Fault.METADATA_INVALID.text(key, why));
  }

  private static void put(Metadata metadata, String key, String value) {
    if (key.endsWith(Metadata.BINARY_HEADER_SUFFIX)) {
      Metadata.Key<byte[]> binary = Metadata.Key.of(key, Metadata.BINARY_BYTE_MARSHALLER);
      for (String one : value.split(",", -1)) {
        metadata.put(binary, Base64.getDecoder().decode(one.trim()));
      }
    } else if (isPrintable(value)) {
      metadata.put(Metadata.Key.of(key, Metadata.ASCII_STRING_MARSHALLER), value);
    } else {
      throw new IllegalArgumentException("its value is not printable ASCII");
    }
  }

  private static boolean isPrintable(String value) {
    return value.chars().allMatch(each -> each >= ' ' && each <= '~');
  }

  /** Adds metadata to headers, each key behind a prefix; not what HTTP says in its own way. */
  static void add(HttpHeaders headers, String prefix, Metadata metadata) {
    for (String key : metadata.keys()) {
      if (!isMetadata(key)) {
        continue;
      }
      if (key.endsWith(Metadata.BINARY_HEADER_SUFFIX)) {
        Metadata.Key<byte[]> binary = Metadata.Key.of(key, Metadata.BINARY_BYTE_MARSHALLER);
        for (byte[] value : metadata.getAll(binary)) {
          headers.add(prefix + key, Base64.getEncoder().withoutPadding().encodeToString(value));
        }
      } else {
        Metadata.Key<String> text = Metadata.Key.of(key, Metadata.ASCII_STRING_MARSHALLER);
        for (String value : metadata.getAll(text)) {
          if (isPrintable(value)) {
            headers.add(prefix + key, value);
          }
        }
      }
    }
  }
}
