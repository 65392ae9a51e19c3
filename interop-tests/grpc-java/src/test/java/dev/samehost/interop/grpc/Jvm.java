package dev.samehost.interop.grpc;

import java.util.ArrayList;
import java.util.List;

/** Command lines for programs of these tests. */
final class Jvm {
  private Jvm() {}

  /** A program, with the class path of this JVM, that starts fast and prints nothing of its own. */
  static List<String> command(Class<?> program, String... arguments) {
    return command(List.of(), program, arguments);
  }

  /** The same with more flags. */
  static List<String> command(List<String> flags, Class<?> program, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(System.getProperty("java.home") + "/bin/java");
    command.addAll(
        List.of(
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Xshare:auto",
            "-Xlog:disable",
            "-Xlog:all=warning:stderr",
            "-cp",
            System.getProperty("java.class.path")));
    command.addAll(flags);
    command.add(program.getName());
    command.addAll(List.of(arguments));
    return command;
  }
}
