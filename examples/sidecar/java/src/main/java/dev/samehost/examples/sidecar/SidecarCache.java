package dev.samehost.examples.sidecar;

import static java.util.concurrent.TimeUnit.SECONDS;

import com.google.protobuf.ByteString;
import dev.samehost.SamehostChannelBuilder;
import dev.samehost.stub.Replies;
import io.grpc.ClientTransportFilter;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The cache as a program sees it: the sidecar may end and be started again meanwhile. For any
 * threads.
 */
final class SidecarCache implements AutoCloseable {
  /** For a call, with the wait for a sidecar that is just being started. */
  private static final long PATIENCE_SECONDS = 10;

  private static final int TRIES = 3;

  private final ManagedChannel channel;
  private final CacheClient cache;
  private final AtomicInteger repeated = new AtomicInteger();
  private final AtomicInteger lostWatches = new AtomicInteger();
  private volatile boolean closed;

  /** Connects nothing yet. */
  SidecarCache(String address) {
    this(address, new ClientTransportFilter() {});
  }

  /** As the other; the filter hears of every connection. */
  SidecarCache(String address, ClientTransportFilter connections) {
    channel = SamehostChannelBuilder.forAddress(address).addTransportFilter(connections).build();
    // Who waits for a connection does not fail while there is none.
    cache = Cache.client(channel).withWaitForReady();
  }

  Optional<Entry> get(String key) {
    GetRequest request = GetRequest.newBuilder().setKey(key).build();
    try {
      return Optional.of(repeatedly(() -> soon().get(request)));
    } catch (StatusRuntimeException failure) {
      if (code(failure) == Status.Code.NOT_FOUND) {
        return Optional.empty();
      }
      throw failure;
    }
  }

  /** Sets an entry, and answers its version. */
  long put(String key, ByteString value) {
    PutRequest request = PutRequest.newBuilder().setKey(key).setValue(value).build();
    return repeatedly(() -> soon().put(request)).getVersion();
  }

  /**
   * Sets an entry that has a version, 0 for none. Fails with ABORTED where it has another one. Is
   * not repeated: had it been carried out, the second try would fail.
   */
  long replace(String key, ByteString value, long version) {
    PutRequest request =
        PutRequest.newBuilder().setKey(key).setValue(value).setIfVersion(version).build();
    return soon().put(request).getVersion();
  }

  /**
   * Tells of all entries whose keys begin like this, and of every change, on a thread of its own
   * until this is closed. None is left out though the sidecar ends meanwhile, or the consumer is
   * slow; only the last of several changes of one entry may be.
   */
  Thread follow(String prefix, Consumer<Entry> changes) {
    Thread follower = new Thread(() -> watch(prefix, changes), "follows " + prefix);
    follower.setDaemon(true);
    follower.start();
    return follower;
  }

  private void watch(String prefix, Consumer<Entry> changes) {
    long seen = 0;
    while (!closed) {
      WatchRequest request =
          WatchRequest.newBuilder().setPrefix(prefix).setAfterVersion(seen).build();
      try (Replies<Entry> entries = cache.watch(request)) {
        for (Entry entry : entries) {
          changes.accept(entry);
          seen = entry.getVersion();
        }
      } catch (StatusRuntimeException failure) {
        // UNAVAILABLE: the sidecar ends. ABORTED: this program was slow. All else is for people.
        if (code(failure) != Status.Code.UNAVAILABLE && code(failure) != Status.Code.ABORTED) {
          throw failure;
        }
        lostWatches.addAndGet(closed ? 0 : 1);
      }
    }
  }

  /** How many watches ended though this was not closed. */
  int lostWatches() {
    return lostWatches.get();
  }

  /** How many calls were made again because the sidecar went away before it had answered. */
  int repeated() {
    return repeated.get();
  }

  private CacheClient soon() {
    return cache.withDeadlineAfter(PATIENCE_SECONDS, SECONDS);
  }

  /** For calls that do no harm when they are carried out twice. */
  private <T> T repeatedly(Supplier<T> call) {
    for (int tries = 1; ; tries++) {
      try {
        return call.get();
      } catch (StatusRuntimeException failure) {
        if (code(failure) != Status.Code.UNAVAILABLE || tries == TRIES || closed) {
          throw failure;
        }
        repeated.incrementAndGet();
      }
    }
  }

  private static Status.Code code(StatusRuntimeException failure) {
    return failure.getStatus().getCode();
  }

  /** Ends what follows, and fails calls that are open. */
  @Override
  public void close() {
    closed = true;
    channel.shutdownNow();
  }
}
