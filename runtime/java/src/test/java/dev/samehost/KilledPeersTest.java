package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.Setting.note;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.common.util.concurrent.ListenableFuture;
import dev.samehost.call.SlowTime;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import dev.samehost.transport.Fault;
import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A peer that ends without a word, as one does that is killed, while calls go both ways. */
@Timeout(Setting.PATIENCE_SECONDS)
final class KilledPeersTest {
  private static final String PATH = "/samehost.test.Echo/Unary";

  /** Calls its caller back, and waits for neither end of that. */
  private static final class CallingBack extends EchoGrpc.EchoImplBase {
    final BlockingQueue<Channel> callers = new LinkedBlockingQueue<>();
    final BlockingQueue<ListenableFuture<Note>> backs = new LinkedBlockingQueue<>();
    final CountDownLatch cancelled = new CountDownLatch(1);

    @Override
    public void unary(Note request, StreamObserver<Note> responses) {
      Context.current().addListener(ended -> cancelled.countDown(), Runnable::run);
      Channel caller = Callers.caller();
      callers.add(caller);
      // In no context of the call's: it has to end by itself.
      Context.ROOT.run(() -> backs.add(EchoGrpc.newFutureStub(caller).unary(request)));
    }
  }

  private static Status failure(ListenableFuture<Note> call) {
    return Status.fromThrowable(assertThrows(ExecutionException.class, call::get));
  }

  @Test
  void aClientThatIsKilledEndsTheCallsOfBothDirections() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      CallingBack calling = new CallingBack();
      setting.start(setting.server().addService(Callers.known(calling)));
      ListenableFuture<Note> back;
      try (RawPeer peer = RawPeer.connect(setting.folder().resolve("socket"))) {
        peer.say(RawPeer.PREFACE + RawPeer.HELLO);
        peer.awaitHello();
        peer.say(RawPeer.open(1, PATH));
        back = calling.backs.take();
        assertThat(peer.awaitOpen()).isEqualTo(2);
      }
      Status lost = failure(back);
      assertThat(lost.getCode()).isEqualTo(Code.UNAVAILABLE);
      assertThat(lost.getDescription()).isEqualTo(Fault.LINK_ENDED.text(setting.address()));
      calling.cancelled.await();
      Status gone = failure(EchoGrpc.newFutureStub(calling.callers.take()).unary(note("late")));
      assertThat(gone.getCode()).isEqualTo(Code.UNAVAILABLE);
      assertThat(gone.getDescription()).isEqualTo(Fault.CALLER_GONE.text(setting.address()));
    }
  }

  @Test
  void aHandlerThatReadsForItselfLearnsThatItsCallerIsKilled() throws Exception {
    try (SlowTime slow = SlowTime.of(TimeUnit.HOURS.toNanos(1));
        Setting setting = new Setting(Setting.Transport.UNIX)) {
      Callers.Waiting waiting = new Callers.Waiting();
      setting.start(setting.server().addService(Callers.known(waiting)));
      Channel warm = setting.open(setting.channel().addService(new EchoService()));
      for (int call = 0; call < 20; call++) { // or its reader is relieved while it loads classes
        EchoGrpc.EchoBlockingStub stub = EchoGrpc.newBlockingStub(warm);
        assertThat(stub.unary(note("warm"))).isEqualTo(note("warm"));
      }
      try (RawPeer peer = RawPeer.connect(setting.folder().resolve("socket"))) {
        peer.say(RawPeer.PREFACE + RawPeer.HELLO);
        peer.awaitHello();
        peer.say(RawPeer.open(1, PATH));
        assertThat(peer.awaitOpen()).isEqualTo(2);
      }
      assertThat(waiting.end.get().getDescription())
          .isEqualTo(Fault.LINK_ENDED.text(setting.address()));
      assertThat(waiting.thread).startsWith("samehost-server-");
      assertThat(waiting.cpuNanos).isLessThan(TimeUnit.SECONDS.toNanos(1)); // it sleeps until then
    }
  }

  @Test
  void aServerThatIsKilledEndsTheCallsOfBothDirections() throws Exception {
    CountDownLatch cancelled = new CountDownLatch(1);
    CountDownLatch called = new CountDownLatch(1);
    EchoGrpc.EchoImplBase holding =
        new EchoGrpc.EchoImplBase() {
          @Override
          public void unary(Note request, StreamObserver<Note> responses) {
            Context.current().addListener(ended -> cancelled.countDown(), Runnable::run);
            called.countDown();
          }
        };
    try (Setting setting = new Setting(Setting.Transport.UNIX);
        RawPeer.Server server =
            RawPeer.serve(
                setting.folder().resolve("socket"),
                (peer, connection) -> {
                  peer.awaitHello();
                  peer.say(RawPeer.PREFACE + RawPeer.HELLO);
                  peer.awaitOpen();
                  peer.say(RawPeer.open(2, PATH));
                  called.await();
                })) {
      Channel channel = setting.open(setting.channel().addService(holding));
      ListenableFuture<Note> call = EchoGrpc.newFutureStub(channel).unary(note("call"));
      Status lost = failure(call);
      assertThat(lost.getCode()).isEqualTo(Code.UNAVAILABLE);
      assertThat(lost.getDescription()).isEqualTo(Fault.LINK_ENDED.text(setting.address()));
      cancelled.await();
    }
  }
}
