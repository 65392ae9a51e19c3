package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static com.google.common.truth.Truth.assertWithMessage;
import static dev.samehost.Setting.note;

import com.google.common.util.concurrent.ListenableFuture;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import dev.samehost.transport.testkit.DescriptorsContract.Descriptors;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A thousand connections to one server, over which nobody calls for a while. */
@EnabledOnOs(OS.LINUX) // elsewhere the threads stay, and nobody tells what a process has
@Timeout(4 * Setting.PATIENCE_SECONDS)
final class ThousandConnectionsTest {
  private static final int CONNECTIONS = 1_000;

  /** Of both ends together: sockets, what wakes their readers, and the memory that they share. */
  private static final int MOST_DESCRIPTORS = 6;

  /** Of both ends together, besides the rings. */
  private static final int MOST_BYTES = 40_000;

  /** Of the process, that are no connection's: they accept, watch, and run what may wait. */
  private static final int FEW_THREADS = 16;

  /** What this process has. */
  private record Belongings(int descriptors, long rings, int threads, long bytes) {
    static Belongings now() throws IOException {
      System.gc();
      long direct =
          ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
              .filter(pool -> pool.getName().equals("direct"))
              .mapToLong(BufferPoolMXBean::getMemoryUsed)
              .sum();
      return new Belongings(
          Descriptors.count(),
          Files.readString(Path.of("/proc/self/maps"))
              .lines()
              .filter(line -> line.contains("memfd:samehost"))
              .count(),
          ManagementFactory.getThreadMXBean().getThreadCount(),
          ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() + direct);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"UNIX", "SHM"})
  void whileTheyAreIdleTheyHaveNoThreadAndLittleElseAndEachIsAsGoodAsNewAfterwards(
      Setting.Transport transport) throws Exception {
    Belongings before;
    try (Setting setting = new Setting(transport)) {
      setting.startEcho();
      assertThat(setting.blocking().unary(note("first"))).isEqualTo(note("first"));
      setting.awaitAway(); // what a process makes once is made by now
      before = Belongings.now();
      List<ManagedChannel> channels = new ArrayList<>();
      for (int i = 0; i < CONNECTIONS; i++) {
        ManagedChannel channel = setting.open();
        assertThat(EchoGrpc.newBlockingStub(channel).unary(note("a"))).isEqualTo(note("a"));
        channels.add(channel);
      }
      setting.awaitAway();
      Belongings idle = Belongings.now();
      assertThat(idle.threads - before.threads).isAtMost(FEW_THREADS);
      assertThat(idle.descriptors - before.descriptors).isAtMost(MOST_DESCRIPTORS * CONNECTIONS);
      assertThat((idle.bytes - before.bytes) / CONNECTIONS).isAtMost(MOST_BYTES);
      TimeUnit.SECONDS.sleep(1);
      assertWithMessage("readers that came back for nothing").that(setting.readers()).isEqualTo(0);
      List<ListenableFuture<Note>> answers = new ArrayList<>();
      for (ManagedChannel channel : channels) {
        answers.add(EchoGrpc.newFutureStub(channel).unary(note("b")));
      }
      for (ListenableFuture<Note> answer : answers) {
        assertThat(answer.get()).isEqualTo(note("b"));
      }
      setting.awaitAway();
    }
    Descriptors.awaitAtMost(before.descriptors);
    assertThat(Belongings.now().rings).isAtMost(before.rings);
  }
}
