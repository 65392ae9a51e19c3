package dev.samehost.interop.client;

import dev.samehost.interop.Blocks;
import dev.samehost.interop.proto.Block;
import dev.samehost.interop.proto.ControlServiceGrpc;
import dev.samehost.interop.proto.ControlServiceGrpc.ControlServiceBlockingStub;
import dev.samehost.interop.proto.DescribeRequest;
import dev.samehost.interop.proto.Description;
import dev.samehost.interop.proto.Empty;
import dev.samehost.interop.proto.HowEndedRequest;
import dev.samehost.interop.proto.HowEndedResponse;
import dev.samehost.interop.proto.HowEndedResponse.State;
import dev.samehost.interop.proto.ReleaseRequest;
import dev.samehost.interop.proto.TestServiceGrpc;
import dev.samehost.interop.suite.Mismatch;
import io.grpc.Channel;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.TimeUnit;

/** Asks a server what it knows of other calls, and shows that it is healthy. */
final class Control {
  private static final int WAIT_MILLIS = 20_000;
  private static final long HEALTHY_SECONDS = 20;

  private final Channel channel;

  Control(Channel channel) {
    this.channel = channel;
  }

  private ControlServiceBlockingStub stub() {
    return ControlServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(WAIT_MILLIS + 10_000, TimeUnit.MILLISECONDS);
  }

  Description describe() {
    return stub().describe(DescribeRequest.getDefaultInstance());
  }

  void release(String key) {
    stub().release(ReleaseRequest.newBuilder().setKey(key).build());
  }

  /** Waits until the server has the call. */
  void awaitOpen(String key) throws Mismatch {
    HowEndedResponse answer = howEnded(key, false);
    Mismatch.unless(
        answer.getState() == State.OPEN, "expected the call to be open, but it is " + answer);
  }

  /** Waits until the call is over for the server, which must call that so. */
  void awaitEnd(String key, String state) throws Mismatch {
    HowEndedResponse answer = howEnded(key, true);
    Mismatch.unless(
        answer.getState().name().equals(state),
        "expected the call to be " + state + " for the server, but it is " + answer.getState());
  }

  private HowEndedResponse howEnded(String key, boolean over) {
    return stub()
        .howEnded(
            HowEndedRequest.newBuilder()
                .setKey(key)
                .setOver(over)
                .setWaitMillis(WAIT_MILLIS)
                .build());
  }

  /** Makes so many calls, whose answers must be right. */
  void echo(int calls, int size) throws Mismatch {
    for (int number = 0; number < calls; number++) {
      Block answer = stub().echo(Blocks.of(number, size));
      Mismatch.unless(
          answer.getSeed() == number && answer.getBody().size() == size && Blocks.isIntact(answer),
          "a call beside it got a wrong answer");
    }
  }

  /** Shows that the channel carries a call. */
  static void checkHealth(Channel channel) throws Mismatch {
    try {
      Empty unused =
          TestServiceGrpc.newBlockingStub(channel)
              .withDeadlineAfter(HEALTHY_SECONDS, TimeUnit.SECONDS)
              .emptyCall(Empty.getDefaultInstance());
    } catch (StatusRuntimeException e) {
      throw new Mismatch("afterwards a call fails: " + e.getMessage());
    }
  }
}
