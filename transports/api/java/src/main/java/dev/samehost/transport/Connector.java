package dev.samehost.transport;

/** Makes links to one address, one after the other: a channel reconnects by asking again. */
public interface Connector extends AutoCloseable {
  /**
   * Makes a new link, waiting for at most {@code timeoutNanos} and until {@link #close}. Called by
   * one thread at a time.
   *
   * @throws LinkException with what went wrong; nothing is left behind then
   */
  Link connect(long timeoutNanos) throws LinkException;

  /** How long a peer behind a new link may take to say HELLO, in nanoseconds. */
  long helloTimeoutNanos();

  /** How many bytes before the peer's preface are skipped as noise; 0 where noise is an error. */
  default int noiseLimit() {
    return 0;
  }

  /** Ends a {@link #connect} in progress. Links that were made live on. May be repeated. */
  @Override
  void close();
}
