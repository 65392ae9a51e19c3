package dev.samehost.bridge;

import dev.samehost.OverLink;
import dev.samehost.transport.Link;
import dev.samehost.transport.LocalLink;
import dev.samehost.transport.Peer;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;

/** The link within this process over which a bridge calls the server of a connection. */
public final class Within {
  /** How many bytes are on their way, in each direction at most. */
  public static final int LOCAL_BYTES = 256 << 10;

  /**
   * The largest metadata that our wire takes at all; those whom it is for have limits of theirs.
   */
  public static final int MOST_METADATA_BYTES = 32_768;

  private final LinkIo io;
  private final LocalLink.Ends ends;

  /**
   * A link for a connection of a client.
   *
   * @param client who is calling
   * @param medium what carries its calls, as the server is told
   * @param io of the connection, whose thread hears what the server says
   * @param ended is run by that thread when the link is over
   */
  public Within(Peer client, String medium, LinkIo io, Runnable ended) {
    this.io = io;
    this.ends = LocalLink.open(client, medium, LOCAL_BYTES, () -> io.group().execute(ended));
  }

  /** The server's end. */
  public Link server() {
    return ends.first();
  }

  /** A channel over the bridge's end. */
  public ManagedChannel channel() {
    return OverLink.channel(ends.second())
        // Where the server learns that a call is cancelled: nothing more may be said of it then.
        .executor(io.group().next())
        .maxInboundMessageSize(Integer.MAX_VALUE)
        .maxInboundMetadataSize(MOST_METADATA_BYTES)
        .compressorRegistry(Gzip.SENT)
        .decompressorRegistry(Gzip.TAKEN)
        .build();
  }

  /** Closes the bridge's end, over which there is no channel. */
  public void close() {
    ends.second().close();
  }

  /** Connects, and sees the server say that it takes no more calls. */
  public static void connect(ManagedChannel channel, Runnable draining) {
    watch(channel, channel.getState(true), draining);
  }

  private static void watch(ManagedChannel channel, ConnectivityState seen, Runnable draining) {
    channel.notifyWhenStateChanged(
        seen,
        () -> {
          // It connects once. Several changes may have passed before this one was told.
          ConnectivityState now = channel.getState(false);
          boolean isOnItsWay =
              now == ConnectivityState.CONNECTING || now == ConnectivityState.READY;
          if (seen == ConnectivityState.READY || !isOnItsWay) {
            draining.run();
          } else {
            watch(channel, now, draining);
          }
        });
  }
}
