package dev.samehost.transport.stdio;

import java.util.Map;

/** Names of signals, and what a wait status says about the end of a process. */
final class Signals {
  static final int SIGKILL = 9;
  static final int SIGTERM = 15;

  /** Those that have the same number everywhere. */
  private static final Map<Integer, String> NAMES =
      Map.ofEntries(
          Map.entry(1, "SIGHUP"),
          Map.entry(2, "SIGINT"),
          Map.entry(3, "SIGQUIT"),
          Map.entry(4, "SIGILL"),
          Map.entry(5, "SIGTRAP"),
          Map.entry(6, "SIGABRT"),
          Map.entry(8, "SIGFPE"),
          Map.entry(9, "SIGKILL"),
          Map.entry(11, "SIGSEGV"),
          Map.entry(13, "SIGPIPE"),
          Map.entry(14, "SIGALRM"),
          Map.entry(15, "SIGTERM"));

  private static final Map<Integer, String> LINUX_NAMES =
      Map.of(7, "SIGBUS", 10, "SIGUSR1", 12, "SIGUSR2", 24, "SIGXCPU", 25, "SIGXFSZ", 31, "SIGSYS");

  private Signals() {}

  /** What {@code waitpid} has told, for people: {@code exited with status 3}. */
  static String describe(int waitStatus) {
    int signal = waitStatus & 0x7F;
    if (signal == 0) {
      return "exited with status " + (waitStatus >> 8 & 0xFF);
    }
    String name = NAMES.get(signal);
    if (name == null && Natives.LINUX) {
      name = LINUX_NAMES.get(signal);
    }
    return "was killed by signal " + signal + (name == null ? "" : " (" + name + ")");
  }
}
