package dev.samehost.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.StringTokenizer;

/**
 * The client of the benchmarks: calls the server at {@code --address} by {@code --system}. It takes
 * one order a line on its standard input, {@code CASE SIZE MILLISECONDS}, and answers each with
 * what it measured as a line of JSON.
 */
public final class Client {
  private Client() {}

  /** Runs until there are no more orders. */
  public static void main(String[] arguments) throws Exception {
    Flags flags = Flags.parse(arguments);
    Cases cases = new Cases(() -> Systems.connect(flags));
    say("READY");
    BufferedReader orders =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String order = orders.readLine(); order != null; order = orders.readLine()) {
      StringTokenizer words = new StringTokenizer(order);
      String name = words.nextToken();
      int size = Integer.parseInt(words.nextToken());
      say(cases.run(name, size, Long.parseLong(words.nextToken())).json());
    }
    // Nothing is left that is worth an orderly end: what serves a pipe ends with this process.
    Runtime.getRuntime().halt(0);
  }

  private static void say(String line) throws IOException {
    System.out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
    System.out.flush();
  }
}
