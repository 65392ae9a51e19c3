package dev.samehost.transport.posix;

import static com.google.common.truth.Truth.assertThat;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What is told of a watched descriptor, and how often. */
@EnabledOnOs(OS.LINUX)
@Timeout(60)
final class IdleWatchTest {
  @TempDir Path folder;

  private final Semaphore told = new Semaphore(0);

  private boolean isTold() throws InterruptedException {
    return told.tryAcquire(50, TimeUnit.SECONDS);
  }

  private boolean isToldSoon() throws InterruptedException {
    return told.tryAcquire(50, TimeUnit.MILLISECONDS);
  }

  private static void write(Fd sink) {
    ByteBuffer one = NativeMemory.zeros(1);
    assertThat(Libc.write(sink.number(), NativeMemory.address(one), 1)).isEqualTo(1);
  }

  @Test
  void what_can_be_read_is_told_once_until_it_is_watched_again() throws Exception {
    try (Fd.Pipe pipe = Fd.pipe()) {
      assertThat(IdleWatch.watch(pipe.source().number(), told::release)).isTrue();
      assertThat(isToldSoon()).isFalse();
      write(pipe.sink());
      assertThat(isTold()).isTrue();
      write(pipe.sink());
      assertThat(isToldSoon()).isFalse();
      assertThat(IdleWatch.watch(pipe.source().number(), told::release)).isTrue();
      assertThat(isTold()).isTrue();
      IdleWatch.forget(pipe.source().number());
    }
  }

  @Test
  void the_end_is_told() throws Exception {
    try (Fd.Pipe pipe = Fd.pipe()) {
      assertThat(IdleWatch.watch(pipe.source().number(), told::release)).isTrue();
      pipe.sink().close();
      assertThat(isTold()).isTrue();
      IdleWatch.forget(pipe.source().number());
    }
  }

  @Test
  void the_second_of_two_watchers_is_told() throws Exception {
    try (Fd.Pipe pipe = Fd.pipe()) {
      Semaphore other = new Semaphore(0);
      assertThat(IdleWatch.watch(pipe.source().number(), other::release)).isTrue();
      assertThat(IdleWatch.watch(pipe.source().number(), told::release)).isTrue();
      write(pipe.sink());
      assertThat(isTold()).isTrue();
      assertThat(other.availablePermits()).isEqualTo(0);
      IdleWatch.forget(pipe.source().number());
    }
  }

  @Test
  void of_a_thousand_who_speak_at_once_each_is_told_once() throws Exception {
    List<Fd.Pipe> pipes = new ArrayList<>();
    AtomicIntegerArray tells = new AtomicIntegerArray(1_000);
    try {
      for (int i = 0; i < tells.length(); i++) {
        Fd.Pipe pipe = Fd.pipe();
        pipes.add(pipe);
        int number = i;
        Runnable tell =
            () -> {
              tells.incrementAndGet(number);
              told.release();
            };
        assertThat(IdleWatch.watch(pipe.source().number(), tell)).isTrue();
      }
      for (Fd.Pipe pipe : pipes) {
        write(pipe.sink());
      }
      assertThat(told.tryAcquire(tells.length(), 50, TimeUnit.SECONDS)).isTrue();
      assertThat(isToldSoon()).isFalse();
      for (int i = 0; i < tells.length(); i++) {
        assertThat(tells.get(i)).isEqualTo(1);
      }
    } finally {
      for (Fd.Pipe pipe : pipes) {
        IdleWatch.forget(pipe.source().number());
        pipe.close();
      }
    }
  }

  @Test
  void nothing_is_told_of_what_is_forgotten() throws Exception {
    try (Fd.Pipe pipe = Fd.pipe()) {
      assertThat(IdleWatch.watch(pipe.source().number(), told::release)).isTrue();
      IdleWatch.forget(pipe.source().number());
      IdleWatch.forget(pipe.source().number());
      write(pipe.sink());
      assertThat(isToldSoon()).isFalse();
    }
  }

  @Test
  void a_number_that_is_used_again_is_watched_for_its_new_owner_alone() throws Exception {
    Semaphore other = new Semaphore(0);
    Fd.Pipe first = Fd.pipe();
    int number = first.source().number();
    assertThat(IdleWatch.watch(number, other::release)).isTrue();
    try (Fd.Pipe second = Fd.pipe()) {
      IdleWatch.forget(number);
      Fd.copy(second.source().number(), number); // which closes what it was
      assertThat(IdleWatch.watch(number, told::release)).isTrue();
      write(second.sink());
      assertThat(isTold()).isTrue();
      assertThat(other.availablePermits()).isEqualTo(0);
      IdleWatch.forget(number);
    } finally {
      first.close();
    }
  }

  @Test
  void a_file_cannot_be_watched_and_neither_can_what_is_closed() throws Exception {
    Path file = Files.createFile(folder.resolve("file"));
    Fd opened = Fd.openOrCreate(file.toString());
    assertThat(IdleWatch.watch(opened.number(), told::release)).isFalse();
    opened.close();
    assertThat(IdleWatch.watch(opened.number(), told::release)).isFalse();
  }

  @Test
  void one_who_fails_keeps_nothing_from_the_others() throws Exception {
    Thread.UncaughtExceptionHandler usual = Thread.getDefaultUncaughtExceptionHandler();
    Semaphore failed = new Semaphore(0);
    Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> failed.release());
    try (Fd.Pipe bad = Fd.pipe();
        Fd.Pipe good = Fd.pipe()) {
      Runnable failing =
          () -> {
            throw new IllegalStateException("fails on purpose");
          };
      assertThat(IdleWatch.watch(bad.source().number(), failing)).isTrue();
      assertThat(IdleWatch.watch(good.source().number(), told::release)).isTrue();
      write(bad.sink());
      assertThat(failed.tryAcquire(50, TimeUnit.SECONDS)).isTrue();
      write(good.sink());
      assertThat(isTold()).isTrue();
      IdleWatch.forget(bad.source().number());
      IdleWatch.forget(good.source().number());
    } finally {
      Thread.setDefaultUncaughtExceptionHandler(usual);
    }
  }
}
