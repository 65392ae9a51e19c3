package dev.samehost.call;

import dev.samehost.connection.Pieces;
import dev.samehost.transport.Peer;
import dev.samehost.wire.MetadataBlock;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/** Waits for the end of calls, and listens to nothing else of them or of their connections. */
final class EndOfCall implements ClientStreamListener {
  static final ConnectionObserver NOBODY =
      new ConnectionObserver() {
        @Override
        public Object connected(Peer peer, String medium, Route back) {
          return peer;
        }

        @Override
        public void disconnected(Object connection) {}
      };

  /** The first one. */
  final CompletableFuture<Outcome> outcome = new CompletableFuture<>();

  /** How many ends it was told. */
  final AtomicInteger told = new AtomicInteger();

  @Override
  public void onHeaders(MetadataBlock headers) {}

  @Override
  public void onMessage(Pieces message, boolean compressed) {}

  @Override
  public void onReady() {}

  @Override
  public void onClose(Outcome end) {
    told.incrementAndGet();
    outcome.complete(end);
  }
}
