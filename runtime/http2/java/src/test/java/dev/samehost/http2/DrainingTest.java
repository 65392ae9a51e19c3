package dev.samehost.http2;

import static com.google.common.truth.Truth.assertThat;

import dev.samehost.bridge.Within;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** That a bridge sees its server take no more calls, however late it is told. */
final class DrainingTest {
  private final Stated channel = new Stated();
  private int drained;

  DrainingTest() {
    Within.connect(channel, () -> drained++);
  }

  @Test
  void it_is_seen_once_after_the_connection_was_ready() {
    channel.is(ConnectivityState.CONNECTING);
    channel.tell();
    channel.is(ConnectivityState.READY);
    channel.tell();
    assertThat(drained).isEqualTo(0);
    channel.is(ConnectivityState.IDLE);
    channel.tell();
    channel.is(ConnectivityState.SHUTDOWN);
    channel.tell();
    assertThat(drained).isEqualTo(1);
  }

  @Test
  void it_is_seen_where_nobody_was_told_that_the_connection_was_ready() {
    channel.is(ConnectivityState.CONNECTING);
    channel.tell();
    channel.is(ConnectivityState.READY);
    channel.is(ConnectivityState.IDLE);
    channel.tell();
    assertThat(drained).isEqualTo(1);
  }

  @Test
  void it_is_seen_where_nobody_was_told_of_anything_before() {
    channel.is(ConnectivityState.CONNECTING);
    channel.is(ConnectivityState.READY);
    channel.is(ConnectivityState.IDLE);
    channel.tell();
    assertThat(drained).isEqualTo(1);
  }

  /** A channel that has states and nothing else, and tells of their changes when it is asked to. */
  private static final class Stated extends ManagedChannel {
    private final Queue<Runnable> changed = new ArrayDeque<>();
    private ConnectivityState state = ConnectivityState.IDLE;
    private ConnectivityState source;
    private Runnable callback;

    void is(ConnectivityState next) {
      state = next;
      if (callback != null && source != state) {
        changed.add(callback);
        callback = null;
      }
    }

    void tell() {
      for (Runnable one = changed.poll(); one != null; one = changed.poll()) {
        one.run();
      }
    }

    @Override
    public ConnectivityState getState(boolean requestConnection) {
      return state;
    }

    @Override
    public void notifyWhenStateChanged(ConnectivityState from, Runnable told) {
      source = from;
      callback = told;
      is(state);
    }

    @Override
    public ManagedChannel shutdown() {
      return this;
    }

    @Override
    public boolean isShutdown() {
      return false;
    }

    @Override
    public boolean isTerminated() {
      return false;
    }

    @Override
    public ManagedChannel shutdownNow() {
      return this;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
      return false;
    }

    @Override
    public <Q, A> ClientCall<Q, A> newCall(MethodDescriptor<Q, A> method, CallOptions options) {
      throw new UnsupportedOperationException("it has states alone");
    }

    @Override
    public String authority() {
      return "localhost";
    }
  }
}
