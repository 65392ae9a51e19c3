package dev.samehost.call;

import dev.samehost.transport.Peer;
import dev.samehost.wire.MetadataBlock;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

/** Waits for the end of a call, and listens to nothing else of it or of its connection. */
final class EndOfCall implements ClientStreamListener {
  static final ConnectionObserver NOBODY =
      new ConnectionObserver() {
        @Override
        public Object connected(Peer peer, String medium) {
          return peer;
        }

        @Override
        public void disconnected(Object connection) {}
      };

  final CompletableFuture<Outcome> outcome = new CompletableFuture<>();

  @Override
  public void onHeaders(MetadataBlock headers) {}

  @Override
  public void onMessage(ByteBuffer message, boolean compressed) {}

  @Override
  public void onReady() {}

  @Override
  public void onClose(Outcome end) {
    outcome.complete(end);
  }
}
