package dev.samehost.benchmarks;

/** What a client of any system can do: the calls that are measured. */
interface Echo {
  /** Makes one call and waits for its answer, which has {@code size} bytes as the request has. */
  void unary(int size) throws Exception;

  /** Starts one call, and tells {@code done} of its end with null, or with why it failed. */
  void start(int size, Done done);

  /** Reads a stream of messages, and tells {@code arrival} after each. */
  void stream(int size, int messages, Runnable arrival);

  /** How a call ended. */
  interface Done {
    void ended(Throwable failure);
  }
}
