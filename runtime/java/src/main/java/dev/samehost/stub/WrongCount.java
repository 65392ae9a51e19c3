package dev.samehost.stub;

import dev.samehost.transport.Fault;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;

/** The status of a call whose peer sent no message, or several, where its kind has exactly one. */
final class WrongCount {
  private WrongCount() {}

  static StatusRuntimeException ofReplies(int count) {
    return status("the server", count).asRuntimeException();
  }

  static Status ofRequests(int count) {
    return status("the client", count);
  }

  private static Status status(String side, int count) {
    return Status.INTERNAL.withDescription(
        (count == 0 ? Fault.MESSAGE_MISSING : Fault.MESSAGE_SURPLUS).text(side));
  }
}
