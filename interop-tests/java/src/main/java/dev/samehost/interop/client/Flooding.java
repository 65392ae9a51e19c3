package dev.samehost.interop.client;

import dev.samehost.interop.Blocks;
import dev.samehost.interop.proto.Block;
import dev.samehost.interop.proto.ControlServiceGrpc;
import dev.samehost.interop.proto.FloodRequest;
import dev.samehost.interop.proto.FloodResponse;
import dev.samehost.interop.suite.Mismatch;
import dev.samehost.interop.suite.Step;
import io.grpc.Channel;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;

/** Both sides write on one stream as fast as it takes them, and read beside it. */
final class Flooding implements Kind {
  @Override
  public void run(Step step, Session session, Channel channel) throws Exception {
    Call call = new Call(channel, step, null);
    Writer writer = new Writer(step);
    ClientCalls.asyncBidiStreamingCall(
        call.channel.newCall(ControlServiceGrpc.getFloodMethod(), call.options), writer);
    long bytes = 0;
    FloodResponse last = null;
    for (FloodResponse answer = writer.answers.next();
        answer != null;
        answer = writer.answers.next()) {
      last = answer;
      bytes += answer.getBlock().getBody().size();
      Mismatch.unless(Blocks.isIntact(answer.getBlock()), "a block has wrong bytes");
    }
    call.check(step, session, writer.answers.status());
    Mismatch.unless(
        bytes == step.responseBytes(),
        "expected " + step.responseBytes() + " bytes, but got " + bytes);
    Mismatch.unless(
        last != null && last.getReadBytes() == step.requestBytes() && last.getIntact(),
        "expected that "
            + step.requestBytes()
            + " bytes arrive whole, but the server says "
            + last);
  }

  private static final class Writer implements ClientResponseObserver<FloodRequest, FloodResponse> {
    private final Step step;
    private final Received<FloodResponse> answers = new Received<>();
    private ClientCallStreamObserver<FloodRequest> requests;
    private int left;
    private int written;
    private boolean halfClosed;

    Writer(Step step) {
      this.step = step;
      this.left = step.requestBytes();
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<FloodRequest> stream) {
      requests = stream;
      stream.setOnReadyHandler(this::write);
    }

    private void write() {
      while (left > 0 && requests.isReady()) {
        FloodRequest.Builder request = FloodRequest.newBuilder();
        if (written == 0) {
          request.setResponseBytes(step.responseBytes()).setMessageBytes(step.messageBytes());
        }
        Block block = Blocks.of(written++, Math.min(left, step.messageBytes()));
        left -= block.getBody().size();
        requests.onNext(request.setBlock(block).build());
      }
      if (left == 0 && !halfClosed) {
        halfClosed = true;
        requests.onCompleted();
      }
    }

    @Override
    public void onNext(FloodResponse answer) {
      answers.onNext(answer);
    }

    @Override
    public void onError(Throwable failure) {
      answers.onError(failure);
    }

    @Override
    public void onCompleted() {
      answers.onCompleted();
    }
  }
}
