package dev.samehost.interop.client;

import com.google.common.util.concurrent.ListenableFuture;
import dev.samehost.interop.suite.Mismatch;
import dev.samehost.interop.suite.Step;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Unary calls: {@code count} one after the other in each style of stub, {@code at_once} that are
 * open together, or {@code threads} threads that each block for {@code count} calls.
 */
final class Unary implements Kind {
  @Override
  public void run(Step step, Session session, Channel channel) throws Exception {
    UnaryMethod<?, ?> method = UnaryMethod.named(step.method());
    if (step.atOnce() != null) {
      atOnce(method, step, session, channel);
    } else if (step.threads() != null) {
      fromThreads(method, step, session, channel);
    } else {
      int count = step.count() == null ? 1 : step.count();
      for (int number = 0; number < count; number++) {
        blocking(method, step, session, channel, number);
        future(method, step, session, channel, number).finish();
        observed(method, step, session, channel, number);
      }
    }
  }

  private static void atOnce(UnaryMethod<?, ?> method, Step step, Session session, Channel channel)
      throws Exception {
    List<Pending> pending = new ArrayList<>();
    for (int number = 0; number < step.atOnce(); number++) {
      pending.add(future(method, step, session, channel, number));
    }
    for (Pending one : pending) {
      one.finish();
    }
  }

  private static void fromThreads(
      UnaryMethod<?, ?> method, Step step, Session session, Channel channel) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(step.threads());
    try {
      List<Future<?>> all = new ArrayList<>();
      for (int thread = 0; thread < step.threads(); thread++) {
        int first = thread * step.count();
        all.add(
            threads.submit(
                () -> {
                  for (int number = first; number < first + step.count(); number++) {
                    blocking(method, step, session, channel, number);
                  }
                  return null;
                }));
      }
      for (Future<?> one : all) {
        one.get();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private interface Pending {
    void finish() throws Exception;
  }

  private static <Q, P> void blocking(
      UnaryMethod<Q, P> method, Step step, Session session, Channel channel, int number)
      throws Mismatch {
    Call call = new Call(channel, step, null);
    Q request = method.request(step, number);
    Status status = Status.OK;
    try {
      method.check(
          step,
          number,
          ClientCalls.blockingUnaryCall(call.channel, method.descriptor(), call.options, request));
    } catch (StatusRuntimeException e) {
      status = e.getStatus();
    }
    call.check(step, session, status);
  }

  private static <Q, P> Pending future(
      UnaryMethod<Q, P> method, Step step, Session session, Channel channel, int number) {
    Call call = new Call(channel, step, null);
    ListenableFuture<P> answer =
        ClientCalls.futureUnaryCall(
            call.channel.newCall(method.descriptor(), call.options), method.request(step, number));
    return () -> {
      Status status = Status.OK;
      try {
        method.check(step, number, answer.get());
      } catch (ExecutionException e) {
        status = Status.fromThrowable(e);
      }
      call.check(step, session, status);
    };
  }

  private static <Q, P> void observed(
      UnaryMethod<Q, P> method, Step step, Session session, Channel channel, int number)
      throws Exception {
    Call call = new Call(channel, step, null);
    Received<P> answers = new Received<>();
    ClientCalls.asyncUnaryCall(
        call.channel.newCall(method.descriptor(), call.options),
        method.request(step, number),
        answers);
    List<P> all = answers.rest();
    Status status = answers.status();
    call.check(step, session, status);
    if (status.isOk()) {
      Mismatch.unless(all.size() == 1, "expected one answer, but got " + all.size());
      method.check(step, number, all.get(0));
    }
  }
}
