package dev.samehost.transport.stdio;

import dev.samehost.transport.Link;
import dev.samehost.transport.TransportOptions;

/** A host that starts the child that its arguments name, says its pid, and does nothing more. */
final class HostProgram {
  private HostProgram() {}

  public static void main(String[] arguments) throws Exception {
    try (Link link = Children.start(TransportOptions.NONE, arguments)) {
      Children.readReady(link);
      System.out.println(Children.pid(link));
      Thread.sleep(Long.MAX_VALUE);
    }
  }
}
