package dev.samehost.benchmarks;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;

/**
 * The server of the benchmarks: serves {@code --system} at {@code --address} until it is killed, or
 * until its host ends it. Prints {@code READY ADDRESS} when clients can connect.
 */
public final class Server {
  private Server() {}

  /** Serves. */
  public static void main(String[] words) throws Exception {
    Flags flags = Flags.parse(words);
    Systems.serve(flags, () -> ready(flags.address()));
    if (!flags.system().startsWith("raw")) {
      new CountDownLatch(1).await();
    }
  }

  /** The wire of {@code stdio:} is standard output, and whoever started this needs no word. */
  private static void ready(String address) {
    if (!address.equals("stdio:")) {
      byte[] line = ("READY " + address + "\n").getBytes(StandardCharsets.UTF_8);
      System.out.write(line, 0, line.length);
      System.out.flush();
    }
  }
}
