package dev.samehost;

import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.BindableService;
import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.lang.management.ManagementFactory;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;

/** Lets the handlers of tests know the channel back to their caller. */
final class Callers implements ServerInterceptor {
  private static final Context.Key<Channel> CALLER = Context.key("caller");

  private Callers() {}

  /** Answers with the request, and gives the channel to its caller away. */
  static final class Keeping extends EchoGrpc.EchoImplBase {
    final BlockingQueue<Channel> callers = new LinkedBlockingQueue<>();

    @Override
    public void unary(Note request, StreamObserver<Note> responses) {
      callers.add(caller());
      responses.onNext(request);
      responses.onCompleted();
    }

    /** The channel back to a client, which makes a call for that. */
    Channel callerOf(Channel channel) throws InterruptedException {
      Note unused = EchoGrpc.newBlockingStub(channel).unary(Setting.note("who calls"));
      return callers.take();
    }
  }

  /** A service whose handlers may ask for {@link #caller}. */
  static ServerServiceDefinition known(BindableService service) {
    return ServerInterceptors.intercept(service, new Callers());
  }

  /** The channel to whoever has made the call that is being served. */
  static Channel caller() {
    return CALLER.get();
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    Channel caller = call.getAttributes().get(SamehostAttributes.CALLER);
    return Contexts.interceptCall(Context.current().withValue(CALLER, caller), call, headers, next);
  }

  /** Waits for its call back on the thread that it is on. */
  static final class Waiting extends EchoGrpc.EchoImplBase {
    final CompletableFuture<Status> end = new CompletableFuture<>();
    volatile String thread;
    volatile long cpuNanos;

    @Override
    public void unary(Note request, StreamObserver<Note> responses) {
      thread = Thread.currentThread().getName();
      long before = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
      try {
        responses.onNext(EchoGrpc.newBlockingStub(caller()).unary(request));
        responses.onCompleted();
      } catch (StatusRuntimeException e) {
        cpuNanos = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - before;
        end.complete(e.getStatus());
      }
    }
  }
}
