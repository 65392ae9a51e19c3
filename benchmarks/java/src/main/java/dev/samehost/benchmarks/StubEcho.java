package dev.samehost.benchmarks;

import com.google.protobuf.ByteString;
import dev.samehost.benchmarks.proto.EchoGrpc;
import dev.samehost.benchmarks.proto.Payload;
import dev.samehost.benchmarks.proto.Wanted;
import io.grpc.Channel;
import io.grpc.stub.StreamObserver;
import java.util.Iterator;

/** Calls by gRPC's stock stubs, over whichever channel. */
final class StubEcho implements Echo {
  private static final int CACHE_LINE = 64;

  private final EchoGrpc.EchoBlockingStub blocking;
  private final EchoGrpc.EchoStub async;

  /** Bytes that were read, so that no compiler leaves the reading out. */
  @SuppressWarnings("UnusedVariable")
  private volatile int seen;

  StubEcho(Channel channel) {
    blocking = EchoGrpc.newBlockingStub(channel);
    async = EchoGrpc.newStub(channel);
  }

  @Override
  public void unary(int size) {
    check(blocking.unary(payload(size)), size);
  }

  @Override
  public void start(int size, Done done) {
    async.unary(
        payload(size),
        new StreamObserver<>() {
          @Override
          public void onNext(Payload answer) {
            check(answer, size);
          }

          @Override
          public void onError(Throwable failure) {
            done.ended(failure);
          }

          @Override
          public void onCompleted() {
            done.ended(null);
          }
        });
  }

  @Override
  public void stream(int size, int messages, Runnable arrival) {
    Wanted wanted = Wanted.newBuilder().setSize(size).setMessages(messages).build();
    Iterator<Payload> answers = blocking.stream(wanted);
    int sum = 0;
    int count = 0;
    while (answers.hasNext()) {
      ByteString body = answers.next().getBody();
      for (int at = 0; at < size; at += CACHE_LINE) {
        sum += body.byteAt(at);
      }
      count++;
      arrival.run();
    }
    seen = sum;
    if (count != messages) {
      throw new IllegalStateException(count + " messages instead of " + messages);
    }
  }

  private static Payload payload(int size) {
    return Payload.newBuilder().setBody(ByteString.copyFrom(Bodies.of(size))).build();
  }

  private static void check(Payload answer, int size) {
    if (answer.getBody().size() != size) {
      throw new IllegalStateException(
          "an answer of " + answer.getBody().size() + " bytes instead of " + size);
    }
  }
}
