package dev.samehost.json;

import static com.google.common.truth.Truth.assertThat;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
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

/** Connections that have come and gone leave no thread, no descriptor and no buffer behind. */
@Timeout(180)
final class LeaksTest {
  private static final String LARGE = "{\"name\":\"" + "x".repeat(200_000) + "\"}";

  /** Connections that end in all ways, each with bytes on their way. */
  private static void connect(Setting setting, int times) throws Exception {
    for (int i = 0; i < times; i++) {
      try (Client client = setting.connect()) {
        switch (i % 5) {
          case 0 -> assertThat(client.call(Types.UNARY, LARGE).text()).isEqualTo(LARGE);
          case 1 -> client.send(Client.request(Types.UNARY, LARGE)); // and its answer is not read
          case 2 -> client.send(Client.request(Types.UNARY, LARGE).substring(0, 100_000));
          case 3 -> client.send(Client.request(Types.UNARY, "{}").repeat(500));
          default -> {
            client.send("POST / nonsense\r\n\r\n" + LARGE);
            assertThat(client.answer().status()).isEqualTo(400);
          }
        }
      }
    }
  }

  private static int descriptors() throws IOException {
    try (var open = Files.list(Path.of("/proc/self/fd"))) {
      return (int) open.count();
    }
  }

  private static long directBytes() {
    var metric = ((ByteBufAllocatorMetricProvider) ByteBufAllocator.DEFAULT).metric();
    return metric.usedDirectMemory();
  }

  private static Set<String> threads(String address) {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith("samehost-json") && name.contains(address))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @ParameterizedTest
  @EnumSource
  void connectionsThatEndInAllWaysLeaveNothing(Setting.Case which) throws Exception {
    try (Setting setting = new Setting(which)) {
      setting.start(Types.echo());
      connect(setting, 50);
      awaitThreadsEnd(setting);
      int descriptors = descriptors();
      long direct = directBytes();
      connect(setting, which == Setting.Case.TLS ? 50 : 250); // its bytes take their time
      awaitThreadsEnd(setting);
      long start = System.nanoTime();
      while (descriptors() > descriptors) {
        if (System.nanoTime() - start > TimeUnit.SECONDS.toNanos(20)) {
          assertThat(descriptors()).isAtMost(descriptors);
        }
        TimeUnit.MILLISECONDS.sleep(10);
      }
      assertThat(directBytes() - direct).isLessThan(8L << 20); // of some 30 MB that went through
    }
  }

  private static void awaitThreadsEnd(Setting setting) throws InterruptedException {
    long start = System.nanoTime();
    while (!threads(setting.address()).isEmpty()) {
      if (System.nanoTime() - start > TimeUnit.SECONDS.toNanos(20)) {
        assertThat(threads(setting.address())).isEmpty();
      }
      TimeUnit.MILLISECONDS.sleep(10);
    }
  }
}
