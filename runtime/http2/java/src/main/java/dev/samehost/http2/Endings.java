package dev.samehost.http2;

import dev.samehost.transport.Fault;
import io.grpc.Status;
import java.nio.channels.ClosedChannelException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How grpc-java says that a stream or its connection has ended, in the catalogue's words. */
final class Endings {
  /** As it says that the peer has reset a stream. */
  private static final Pattern RESET =
      Pattern.compile("RST_STREAM closed stream\\. .*HTTP/2 error code: (\\w+)( .*)?");

  /** As it says that the connection has ended, whoever of its classes sees that first. */
  private static final Pattern ENDED =
      Pattern.compile("Channel shutdownNow invoked|Network closed for unknown reason");

  private Endings() {}

  /** The status of a call to an address; any other one is as the server has said it. */
  static Status told(Status status, String address) {
    String said = status.getDescription() == null ? "" : status.getDescription();
    Matcher reset = RESET.matcher(said);
    if (reset.matches()) {
      return status.withDescription(Fault.STREAM_RESET.text(address, reset.group(1)));
    }
    // Netty's word for a write behind the end of a connection is UNKNOWN, "channel closed".
    if (ENDED.matcher(said).matches() || status.getCause() instanceof ClosedChannelException) {
      return Status.UNAVAILABLE
          .withDescription(Fault.LINK_ENDED.text(address))
          .withCause(status.getCause());
    }
    return status;
  }
}
