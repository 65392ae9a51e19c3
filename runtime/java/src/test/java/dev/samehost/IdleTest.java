package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static com.google.common.truth.Truth.assertWithMessage;
import static dev.samehost.Setting.note;

import com.sun.management.OperatingSystemMXBean;
import dev.samehost.test.EchoGrpc;
import java.lang.management.ManagementFactory;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What connections cost over which nobody calls. */
@Timeout(4 * Setting.PATIENCE_SECONDS)
final class IdleTest {
  private static final int CONNECTIONS = 100;

  /** Of the two seconds in which it is measured. */
  private static final long MOST_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private static long processorNanos() {
    return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime();
  }

  @ParameterizedTest
  @EnumSource
  void aHundredIdleConnectionsUseNoProcessor(Setting.Transport transport) throws Exception {
    try (Setting setting = new Setting(transport)) {
      setting.startEcho();
      for (int i = 0; i < CONNECTIONS; i++) {
        SamehostChannelBuilder channel = setting.channel();
        if (i % 2 == 0) {
          channel.addService(new EchoService()); // which may be called at any time
        }
        EchoGrpc.EchoBlockingStub stub = EchoGrpc.newBlockingStub(setting.open(channel));
        assertThat(stub.unary(note("once"))).isEqualTo(note("once"));
      }
      // The compiler and the collector of the JVM use some after the calls, but not for long.
      long used = Long.MAX_VALUE;
      long patience = System.nanoTime() + TimeUnit.SECONDS.toNanos(Setting.PATIENCE_SECONDS);
      while (used > MOST_NANOS && patience - System.nanoTime() > 0) {
        long before = processorNanos();
        TimeUnit.SECONDS.sleep(2);
        used = processorNanos() - before;
      }
      assertWithMessage("nanoseconds of processor in two seconds of both ends of %s", CONNECTIONS)
          .that(used)
          .isAtMost(MOST_NANOS);
    }
  }
}
