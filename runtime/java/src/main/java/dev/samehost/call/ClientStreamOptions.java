package dev.samehost.call;

import java.util.concurrent.Executor;

/**
 * What a call is started with.
 *
 * @param path {@code /package.Service/Method}
 * @param deadlineNanos how much time there is, or {@link #NO_DEADLINE}
 * @param deadlineName whose deadline it is, for the text of its fault
 * @param oneRequest whether exactly one message is sent: it then leaves with the half-close, all in
 *     one frame
 * @param waitForReady whether it waits for a connection for as long as it takes
 * @param readyBytes the call is ready for messages while fewer bytes than this wait; 0 for the
 *     usual
 * @param executor where the listener is called
 * @param pace of the method's listeners: while it is fast, they are called by whoever reads, not on
 *     the executor; null where they never are
 */
public record ClientStreamOptions(
    String path,
    long deadlineNanos,
    String deadlineName,
    boolean oneRequest,
    boolean waitForReady,
    int readyBytes,
    Executor executor,
    Pace pace) {
  /** The time of a call without a deadline. */
  public static final long NO_DEADLINE = Long.MAX_VALUE;
}
