package dev.samehost.interop;

import io.grpc.Metadata;

/** The keys of metadata that the interop services know. */
public final class Keys {
  /** Comes back in the response headers. */
  public static final Metadata.Key<String> ECHO_INITIAL =
      Metadata.Key.of("x-grpc-test-echo-initial", Metadata.ASCII_STRING_MARSHALLER);

  /** Comes back in the trailers. */
  public static final Metadata.Key<byte[]> ECHO_TRAILING =
      Metadata.Key.of("x-grpc-test-echo-trailing-bin", Metadata.BINARY_BYTE_MARSHALLER);

  /** What a call is known by to the server. */
  public static final Metadata.Key<String> TEST_KEY =
      Metadata.Key.of("samehost-test-key", Metadata.ASCII_STRING_MARSHALLER);

  private Keys() {}
}
