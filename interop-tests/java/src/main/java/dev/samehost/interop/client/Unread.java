package dev.samehost.interop.client;

import dev.samehost.interop.Blocks;
import dev.samehost.interop.proto.Block;
import dev.samehost.interop.proto.ControlServiceGrpc;
import dev.samehost.interop.proto.StreamingOutputCallRequest;
import dev.samehost.interop.proto.StreamingOutputCallResponse;
import dev.samehost.interop.proto.TestServiceGrpc;
import dev.samehost.interop.proto.UnreadResponse;
import dev.samehost.interop.suite.Mismatch;
import dev.samehost.interop.suite.Step;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A stream of {@code bytes} that its receiving {@code side} does not read, while {@code count}
 * calls of {@code requests} bytes go on beside it; then it is read, and must be whole.
 */
final class Unread implements Kind {
  @Override
  public void run(Step step, Session session, Channel channel) throws Exception {
    if (step.side().equals("client")) {
      byClient(step, session, channel);
    } else {
      byServer(step, session, channel);
    }
  }

  private static void byClient(Step step, Session session, Channel channel) throws Exception {
    int messages = step.bytes() / step.messageBytes();
    Call call = new Call(channel, step, null);
    ClientCall<StreamingOutputCallRequest, StreamingOutputCallResponse> stream =
        call.channel.newCall(TestServiceGrpc.getStreamingOutputCallMethod(), call.options);
    Received<StreamingOutputCallResponse> answers = new Received<>();
    stream.start(answers.listener(), new Metadata());
    stream.sendMessage(
        ServerStream.asking(Collections.nCopies(messages, step.messageBytes())).build());
    stream.halfClose();
    new Control(channel).echo(step.count(), step.request(0));
    stream.request(messages + 1);
    List<StreamingOutputCallResponse> all = answers.rest();
    call.check(step, session, answers.status());
    Mismatch.unless(
        all.size() == messages
            && all.stream()
                .allMatch(one -> one.getPayload().getBody().size() == step.messageBytes()),
        "expected " + messages + " messages, but got " + all.size());
  }

  private static void byServer(Step step, Session session, Channel channel) throws Exception {
    String key = session.name("unread");
    Call call = new Call(channel, step, key);
    Writer writer = new Writer(step);
    ClientCalls.asyncClientStreamingCall(
        call.channel.newCall(ControlServiceGrpc.getUnreadMethod(), call.options), writer);
    Mismatch.unless(
        writer.stalled.await(60, TimeUnit.SECONDS), "the stream took all that nobody read");
    Control control = new Control(channel);
    control.echo(step.count(), step.request(0));
    control.release(key);
    List<UnreadResponse> all = writer.answers.rest();
    call.check(step, session, writer.answers.status());
    Mismatch.unless(
        all.size() == 1
            && all.get(0).getBytes() == step.bytes()
            && all.get(0).getMessages() == writer.written,
        "expected " + step.bytes() + " bytes to arrive, but the server got " + all);
  }

  /** Writes while the call is ready, and half-closes at the end. */
  private static final class Writer implements ClientResponseObserver<Block, UnreadResponse> {
    private final Step step;
    private final CountDownLatch stalled = new CountDownLatch(1);
    private final Received<UnreadResponse> answers = new Received<>();
    private ClientCallStreamObserver<Block> requests;
    private int left;
    private int written;
    private boolean halfClosed;

    Writer(Step step) {
      this.step = step;
      this.left = step.bytes();
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<Block> stream) {
      requests = stream;
      stream.setOnReadyHandler(this::write);
    }

    private void write() {
      while (left > 0 && requests.isReady()) {
        Block block = Blocks.of(written++, Math.min(left, step.messageBytes()));
        left -= block.getBody().size();
        requests.onNext(block);
      }
      if (left > 0) {
        stalled.countDown();
      } else if (!halfClosed) {
        halfClosed = true;
        requests.onCompleted();
      }
    }

    @Override
    public void onNext(UnreadResponse answer) {
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
