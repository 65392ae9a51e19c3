package dev.samehost.interop.client;

import dev.samehost.interop.suite.Mismatch;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A program that this one has started: its lines of standard output, and its end. */
final class Started {
  /** Where the number of threads stands, counted from the state. */
  private static final int THREADS = 17;

  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);
  private static final int LOOKS = 10;
  private static final long PAUSE_MILLIS = 20;

  private final Process process;
  private final BufferedReader lines;

  private Started(Process process) {
    this.process = process;
    this.lines =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  /** Starts a command; its stderr is this program's. */
  static Started start(String... command) throws IOException {
    return new Started(
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
  }

  long pid() {
    return process.pid();
  }

  /** Waits for the first line, and returns what stands behind its first word, which is given. */
  String awaitLine(String word) throws IOException {
    String line = lines.readLine();
    if (line == null || !line.startsWith(word + " ")) {
      kill();
      throw new IOException(
          String.join(" ", process.info().command().stream().toList())
              + ": expected "
              + word
              + ", but it printed "
              + line);
    }
    return line.substring(word.length() + 1);
  }

  /** Kills it (SIGKILL) and waits until it is gone. May be repeated. */
  void kill() {
    process.destroyForcibly();
    try {
      process.waitFor(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What {@code kill -9} does, to any process of this user. */
  static void kill(long pid) {
    ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
  }

  /**
   * Waits until each thread of a process sleeps, at several looks in a row: it has done what it
   * does at once.
   */
  static void awaitSleep(long pid) throws Mismatch, IOException, InterruptedException {
    long end = System.nanoTime() + PATIENCE_NANOS;
    for (int asleep = 0; asleep < LOOKS; asleep = sleeps(pid) ? asleep + 1 : 0) {
      Mismatch.unless(System.nanoTime() < end, "the process " + pid + " does not come to rest");
      TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
    }
  }

  private static boolean sleeps(long pid) throws IOException {
    if (!Files.exists(Path.of("/proc/self/task"))) {
      return true; // this system does not tell
    }
    try (DirectoryStream<Path> threads =
        Files.newDirectoryStream(Path.of("/proc/" + pid + "/task"))) {
      for (Path thread : threads) {
        String stat = Files.readString(thread.resolve("stat"));
        if (stat.charAt(stat.lastIndexOf(')') + 2) != 'S') {
          return false;
        }
      }
      return true;
    } catch (IOException e) {
      return false; // one has ended while it was looked at
    }
  }

  /** Whether a process runs, or a thread of it; one that is dead and not yet collected does not. */
  static boolean runs(long pid) throws IOException {
    if (!Files.exists(Path.of("/proc/self/stat"))) {
      return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
    }
    try {
      String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      return !fields[0].equals("Z") || Integer.parseInt(fields[THREADS]) > 1;
    } catch (NoSuchFileException e) {
      return false;
    } catch (IOException e) {
      return ProcessHandle.of(pid).isPresent(); // it may end while it is read
    }
  }
}
