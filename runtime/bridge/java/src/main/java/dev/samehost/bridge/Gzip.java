package dev.samehost.bridge;

import io.grpc.Codec;
import io.grpc.Compressor;
import io.grpc.CompressorRegistry;
import io.grpc.Decompressor;
import io.grpc.DecompressorRegistry;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * The codec {@code gzip} of those who hand messages on: it changes nothing, since what it is given
 * is compressed already, and stays so.
 */
public final class Gzip implements Compressor, Decompressor {
  /** What it is called. */
  public static final String NAME = "gzip";

  /** What may be sent. */
  public static final CompressorRegistry SENT = sent();

  /** What is taken. */
  public static final DecompressorRegistry TAKEN =
      DecompressorRegistry.emptyInstance()
          .with(Codec.Identity.NONE, false)
          .with((Decompressor) new Gzip(), true);

  /** What is taken on behalf of one who takes no gzip. */
  public static final DecompressorRegistry NOT_TAKEN =
      DecompressorRegistry.emptyInstance().with(Codec.Identity.NONE, false);

  /** Our runtime has a message decompressed and then made, by one thread, at once. */
  private static final ThreadLocal<Boolean> USED = new ThreadLocal<>();

  private Gzip() {}

  private static CompressorRegistry sent() {
    CompressorRegistry registry = CompressorRegistry.newEmptyInstance();
    registry.register(Codec.Identity.NONE);
    registry.register(new Gzip());
    return registry;
  }

  /** Whether the message that this thread is about to make came compressed. Asked once for each. */
  static boolean wasUsed() {
    boolean wasUsed = USED.get() != null;
    if (wasUsed) {
      USED.remove();
    }
    return wasUsed;
  }

  @Override
  public String getMessageEncoding() {
    return NAME;
  }

  @Override
  public OutputStream compress(OutputStream sink) {
    return sink;
  }

  @Override
  public InputStream decompress(InputStream source) {
    USED.set(true);
    return source;
  }
}
