package dev.samehost.transport.stdio;

import dev.samehost.transport.Link;
import dev.samehost.transport.TransportOptions;
import java.util.Arrays;

/** A host that starts the child that its arguments name, says its pid, and does nothing more. */
final class HostProgram {
  /** An argument that stands for the process id of the host. */
  static final String OWN_PID = "{pid}";

  private HostProgram() {}

  public static void main(String[] arguments) throws Exception {
    String self = String.valueOf(ProcessHandle.current().pid());
    String[] command =
        Arrays.stream(arguments)
            .map(word -> word.equals(OWN_PID) ? self : word)
            .toArray(String[]::new);
    try (Link link = Children.start(TransportOptions.NONE, command)) {
      Children.readReady(link);
      System.out.println(Children.pid(link));
      Thread.sleep(Long.MAX_VALUE);
    }
  }
}
