package dev.samehost.interop.server;

import dev.samehost.interop.Blocks;
import dev.samehost.interop.proto.Block;
import dev.samehost.interop.proto.CallBackRequest;
import dev.samehost.interop.proto.CallBackResponse;
import dev.samehost.interop.proto.ControlServiceGrpc;
import dev.samehost.interop.proto.DescribeRequest;
import dev.samehost.interop.proto.Description;
import dev.samehost.interop.proto.FloodRequest;
import dev.samehost.interop.proto.FloodResponse;
import dev.samehost.interop.proto.HoldRequest;
import dev.samehost.interop.proto.HoldResponse;
import dev.samehost.interop.proto.HowEndedRequest;
import dev.samehost.interop.proto.HowEndedResponse;
import dev.samehost.interop.proto.ReleaseRequest;
import dev.samehost.interop.proto.ReleaseResponse;
import dev.samehost.interop.proto.UnreadResponse;
import dev.samehost.transport.Peer;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.TimeUnit;

/** What the interop tests need of a server beyond the standard service. */
final class ControlService extends ControlServiceGrpc.ControlServiceImplBase {
  private final KnownCalls calls;

  ControlService(KnownCalls calls) {
    this.calls = calls;
  }

  @Override
  public void describe(DescribeRequest request, StreamObserver<Description> answer) {
    Description.Builder description =
        Description.newBuilder()
            .setLanguage("java")
            .setPid(Math.toIntExact(ProcessHandle.current().pid()));
    Deadline deadline = Context.current().getDeadline();
    if (deadline != null) {
      description.setDeadlineNanos(deadline.timeRemaining(TimeUnit.NANOSECONDS));
    }
    Peer caller = CallerInterceptor.CALLER.get();
    if (caller != null) {
      description.setPeerAddress(caller.address());
      caller.processId().ifPresent(pid -> description.setPeerPid((int) pid));
      caller.userId().ifPresent(uid -> description.setPeerUid((int) uid));
      caller.groupId().ifPresent(gid -> description.setPeerGid((int) gid));
    }
    answer.onNext(description.build());
    answer.onCompleted();
  }

  @Override
  public void echo(Block request, StreamObserver<Block> answer) {
    answer.onNext(request);
    answer.onCompleted();
  }

  @Override
  public void hold(HoldRequest request, StreamObserver<HoldResponse> answer) {
    ServerCallStreamObserver<HoldResponse> call = TestService.serverCall(answer);
    call.setOnCancelHandler(() -> {});
    String key = KeyInterceptor.KEY.get();
    if (key != null) {
      calls.whenReleased(
          key,
          () -> {
            call.onNext(HoldResponse.getDefaultInstance());
            call.onCompleted();
          });
    }
  }

  @Override
  public StreamObserver<Block> unread(StreamObserver<UnreadResponse> answer) {
    ServerCallStreamObserver<UnreadResponse> call = TestService.serverCall(answer);
    call.disableAutoRequest();
    call.setOnCancelHandler(() -> {});
    String key = KeyInterceptor.KEY.get();
    if (key != null) {
      calls.whenReleased(key, () -> call.request(1));
    }
    return new StreamObserver<>() {
      private int messages;
      private long bytes;

      @Override
      public void onNext(Block block) {
        messages++;
        bytes += block.getBody().size();
        if (Blocks.isIntact(block)) {
          call.request(1);
        } else {
          call.onError(Status.DATA_LOSS.withDescription("a block has wrong bytes").asException());
        }
      }

      @Override
      public void onError(Throwable cancelled) {}

      @Override
      public void onCompleted() {
        call.onNext(UnreadResponse.newBuilder().setMessages(messages).setBytes(bytes).build());
        call.onCompleted();
      }
    };
  }

  @Override
  public StreamObserver<FloodRequest> flood(StreamObserver<FloodResponse> answer) {
    return new Flood(TestService.serverCall(answer));
  }

  @Override
  public void callBack(CallBackRequest request, StreamObserver<CallBackResponse> answer) {
    answer.onNext(new CallingBack(CallerInterceptor.BACK.get(), request).answer());
    answer.onCompleted();
  }

  @Override
  public void release(ReleaseRequest request, StreamObserver<ReleaseResponse> answer) {
    calls.release(request.getKey());
    answer.onNext(ReleaseResponse.getDefaultInstance());
    answer.onCompleted();
  }

  @Override
  public void howEnded(HowEndedRequest request, StreamObserver<HowEndedResponse> answer) {
    try {
      answer.onNext(
          calls.await(
              request.getKey(),
              request.getOver(),
              Integer.toUnsignedLong(request.getWaitMillis())));
      answer.onCompleted();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      answer.onError(Status.CANCELLED.withCause(e).asException());
    }
  }
}
