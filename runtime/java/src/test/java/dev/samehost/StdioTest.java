package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.Setting.note;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.test.EchoGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Calls to a child over its standard input and output. */
@Timeout(3 * Setting.PATIENCE_SECONDS)
final class StdioTest {
  private static String child(String mainClass) {
    String java = System.getProperty("java.home") + "/bin/java";
    String classPath = System.getProperty("java.class.path");
    return "stdio:'" + java + "' -cp '" + classPath + "' " + mainClass;
  }

  private static Set<Long> children() {
    return ProcessHandle.current().children().map(ProcessHandle::pid).collect(Collectors.toSet());
  }

  @Test
  void aChildServesThenDiesInMidCallAndIsStartedAgain() throws Exception {
    Set<Long> before = children();
    ManagedChannel channel =
        SamehostChannelBuilder.forAddress(child(EchoChild.class.getName())).build();
    try {
      EchoGrpc.EchoBlockingStub stub = EchoGrpc.newBlockingStub(channel);
      assertThat(stub.unary(note("one"))).isEqualTo(note("one"));
      StatusRuntimeException failure =
          assertThrows(StatusRuntimeException.class, () -> stub.unary(note("die")));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
      assertThat(failure.getStatus().getDescription()).contains("exited with status 3");
      assertThat(failure.getStatus().getDescription()).contains("printed by a handler");
      assertThat(stub.withWaitForReady().unary(note("two"))).isEqualTo(note("two"));
    } finally {
      channel.shutdownNow();
      assertThat(channel.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
    }
    Set<Long> left = children();
    left.removeAll(before);
    for (long pid : left) {
      ProcessHandle.of(pid).ifPresent(child -> child.onExit().join());
    }
  }

  @Test
  void aChildThatCannotStartIsNamed() {
    ManagedChannel channel =
        SamehostChannelBuilder.forAddress("stdio:/no/such/program --flag").build();
    try {
      StatusRuntimeException failure =
          assertThrows(
              StatusRuntimeException.class,
              () -> EchoGrpc.newBlockingStub(channel).unary(note("x")));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
      assertThat(failure.getStatus().getDescription()).contains("/no/such/program");
    } finally {
      channel.shutdownNow();
    }
  }

  @Test
  void aChildThatEndsBeforeHelloIsQuoted() {
    ManagedChannel channel =
        SamehostChannelBuilder.forAddress("stdio:sh -c 'echo started; echo broken >&2; exit 7'")
            .build();
    try {
      StatusRuntimeException failure =
          assertThrows(
              StatusRuntimeException.class,
              () -> EchoGrpc.newBlockingStub(channel).unary(note("x")));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
      assertThat(failure.getStatus().getDescription()).contains("exited with status 7");
      assertThat(failure.getStatus().getDescription()).contains("started");
      assertThat(failure.getStatus().getDescription()).contains("broken");
    } finally {
      channel.shutdownNow();
    }
  }
}
