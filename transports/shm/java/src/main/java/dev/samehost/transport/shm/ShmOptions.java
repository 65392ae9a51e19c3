package dev.samehost.transport.shm;

import dev.samehost.transport.TransportOptions;

/**
 * Settings of the scheme {@code shm:}, and of the shared memory of {@code unix:} listeners; those
 * of the socket are in {@code UnixOptions}.
 */
public final class ShmOptions {
  /**
   * Of both sides: how large the ring of each direction is, in bytes; 1 MiB unless set. A power of
   * two between 64 KiB and 64 MiB; other sizes are rounded up. The smaller wish of the two sides is
   * taken.
   */
  public static final TransportOptions.Key<Integer> RING_BYTES =
      TransportOptions.Key.of("shm.ring-bytes", 1 << 20);

  /**
   * Of a client: whether it fails when it gets no shared memory, instead of going on over the
   * socket; false unless set.
   */
  public static final TransportOptions.Key<Boolean> STRICT =
      TransportOptions.Key.of("shm.strict", false);

  private ShmOptions() {}
}
