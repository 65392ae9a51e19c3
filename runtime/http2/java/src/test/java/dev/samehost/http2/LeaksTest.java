package dev.samehost.http2;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Connections over HTTP/2 that have come and gone leave no thread and no descriptor behind. */
@Timeout(180)
final class LeaksTest {
  private static final byte[] REQUEST = "request".getBytes(UTF_8);

  private static void connect(Setting setting, int times) throws Exception {
    for (int i = 0; i < times; i++) {
      ManagedChannel channel = setting.channel().build();
      assertThat(ClientCalls.blockingUnaryCall(channel, Echo.UNARY, CallOptions.DEFAULT, REQUEST))
          .isEqualTo(REQUEST);
      channel.shutdownNow();
      assertThat(channel.awaitTermination(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    }
  }

  private static int descriptors() throws IOException {
    try (var open = Files.list(Path.of("/proc/self/fd"))) {
      return (int) open.count();
    }
  }

  private static Set<String> threads(String address) {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.contains(address))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @ParameterizedTest
  @EnumSource
  void twoHundredConnectionsLeaveNothingBehind(Setting.Case which) throws Exception {
    try (Setting setting = new Setting(which)) {
      setting.start(Echo.service());
      connect(setting, 5);
      int before = descriptors();
      connect(setting, 200);
      long start = System.nanoTime();
      while (!threads(setting.address()).isEmpty() || descriptors() > before) {
        if (System.nanoTime() - start > TimeUnit.SECONDS.toNanos(20)) {
          assertThat(threads(setting.address())).isEmpty();
          assertThat(descriptors()).isAtMost(before);
        }
        TimeUnit.MILLISECONDS.sleep(10);
      }
    }
  }
}
