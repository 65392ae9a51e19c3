package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.Setting.note;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import dev.samehost.transport.stdio.StdioOptions;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Calls to a child over its standard input and output. */
@Timeout(3 * Setting.PATIENCE_SECONDS)
final class StdioTest {
  @TempDir Path folder;

  /** The address of a Java program as a child. */
  static String child(String mainClass) {
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

  /**
   * A channel whose children note in a file when they started; they exit at once, up to the one of
   * this number.
   */
  private static SamehostChannelBuilder toTheChildOfNumber(int number, Path starts) {
    return SamehostChannelBuilder.forAddress("stdio:worker")
        .transportOption(
            StdioOptions.ARGUMENTS,
            List.of(
                "sh",
                "-c",
                "date +%s%N >> \"$0\"; [ $(wc -l < \"$0\") -ge $1 ] || exit 3; shift; exec \"$@\"",
                starts.toString(),
                String.valueOf(number),
                System.getProperty("java.home") + "/bin/java",
                "-cp",
                System.getProperty("java.class.path"),
                EchoChild.class.getName()));
  }

  /** When the children started, in nanoseconds. */
  private static List<Long> starts(Path file) throws IOException {
    return Files.readAllLines(file).stream().map(Long::valueOf).toList();
  }

  @Test
  void callsThatWaitGoToTheChildThatServesAtLastAndTheTriesAreApart() throws Exception {
    Path file = folder.resolve("starts");
    ManagedChannel channel =
        toTheChildOfNumber(4, file)
            .reconnectBackoff(Duration.ofMillis(100), Duration.ofSeconds(1))
            .build();
    try {
      EchoGrpc.EchoFutureStub stub = EchoGrpc.newFutureStub(channel).withWaitForReady();
      Future<Note> one = stub.unary(note("one"));
      Future<Note> other = stub.unary(note("other"));
      assertThat(one.get(60, TimeUnit.SECONDS)).isEqualTo(note("one"));
      assertThat(other.get(60, TimeUnit.SECONDS)).isEqualTo(note("other"));
    } finally {
      channel.shutdownNow();
    }
    List<Long> starts = starts(file);
    assertThat(starts).hasSize(4);
    // Each wait is longer than the last by 1.6, and at most a fifth shorter than that.
    long[] leastMillis = {80, 128, 204};
    for (int i = 0; i < leastMillis.length; i++) {
      assertThat(starts.get(i + 1) - starts.get(i)).isAtLeast(leastMillis[i] * 1_000_000);
    }
  }

  @Test
  void aChildThatCannotServeIsNotStartedAgainByEveryCall() throws Exception {
    Path file = folder.resolve("starts");
    Duration longTime = Duration.ofHours(1);
    ManagedChannel channel =
        toTheChildOfNumber(9, file).reconnectBackoff(longTime, longTime).build();
    try {
      for (int call = 0; call < 5; call++) {
        StatusRuntimeException failure =
            assertThrows(
                StatusRuntimeException.class,
                () -> EchoGrpc.newBlockingStub(channel).unary(note("x")));
        assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(failure.getStatus().getDescription())
            .contains("exited with status 3 before it said HELLO");
        // Those that were not even tried say so, and when the next one will be.
        String notTried =
            "[stdio:worker: so the last try ended. This call was not sent: the next try is in ";
        assertThat(failure.getStatus().getDescription().contains(notTried)).isEqualTo(call > 0);
      }
    } finally {
      channel.shutdownNow();
    }
    assertThat(starts(file)).hasSize(1);
  }

  @Test
  void aChildThatDiesIsFollowedByAnotherAsOftenAsItTakes() throws Exception {
    ManagedChannel channel =
        SamehostChannelBuilder.forAddress(child(EchoChild.class.getName())).build();
    try {
      EchoGrpc.EchoBlockingStub stub = EchoGrpc.newBlockingStub(channel);
      for (int round = 0; round < 3; round++) {
        assertThrows(StatusRuntimeException.class, () -> stub.unary(note("die")));
        assertThat(stub.withWaitForReady().unary(note("patient"))).isEqualTo(note("patient"));
      }
    } finally {
      channel.shutdownNow();
      assertThat(channel.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
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
  void aChildThatSendsBackWhatItIsSentIsToldToBeNoServer() {
    ManagedChannel channel = SamehostChannelBuilder.forAddress("stdio:cat").build();
    try {
      StatusRuntimeException failure =
          assertThrows(
              StatusRuntimeException.class,
              () -> EchoGrpc.newBlockingStub(channel).unary(note("x")));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.INTERNAL);
      assertThat(failure.getStatus().getDescription()).startsWith("stdio:cat: ");
      assertThat(failure.getStatus().getDescription())
          .contains("the peer sends back what it is sent, and does not speak samehost");
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
