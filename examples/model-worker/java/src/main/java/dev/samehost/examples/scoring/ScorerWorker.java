package dev.samehost.examples.scoring;

import static java.util.concurrent.TimeUnit.SECONDS;

import dev.samehost.SamehostAttributes;
import dev.samehost.SamehostChannelBuilder;
import io.grpc.Attributes;
import io.grpc.ClientTransportFilter;
import io.grpc.ManagedChannel;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/** One worker: a child, or a program that others have started; the address says which. */
final class ScorerWorker {
  /** Children load an interpreter and a model before they answer for the first time. */
  private static final long START_SECONDS = 30;

  private final List<Long> processes = new CopyOnWriteArrayList<>();
  private final ManagedChannel channel;
  private final ScorerClient scorer;

  /** Starts and connects nothing yet. */
  ScorerWorker(String address) {
    channel =
        SamehostChannelBuilder.forAddress(address).addTransportFilter(new Connections()).build();
    scorer = Scorer.client(channel);
  }

  ScorerClient scorer() {
    return scorer;
  }

  /** Asks how it is going, and starts the worker if that is needed. Does not wait. */
  CompletableFuture<DescribeReply> describe() {
    return scorer
        .withDeadlineAfter(START_SECONDS, SECONDS)
        .describeAsync(DescribeRequest.getDefaultInstance());
  }

  /** The process ids that it has had, the present one last. */
  List<Long> processes() {
    return processes;
  }

  void shutdown() {
    channel.shutdownNow();
  }

  void awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
    channel.awaitTermination(timeout, unit);
  }

  /** Hears of every start. */
  private final class Connections extends ClientTransportFilter {
    @Override
    public Attributes transportReady(Attributes connection) {
      connection.get(SamehostAttributes.PEER).processId().ifPresent(processes::add);
      return connection;
    }
  }
}
