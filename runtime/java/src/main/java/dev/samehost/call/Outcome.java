package dev.samehost.call;

import dev.samehost.connection.Event;
import dev.samehost.transport.Code;
import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.wire.MetadataBlock;
import java.math.BigDecimal;

/**
 * How a call ended, as its listener is told.
 *
 * @param code OK, or what went wrong
 * @param text for people, or empty
 * @param trailers what the server sent last; empty where it sent none
 * @param cause of a failure on this side, or null
 */
public record Outcome(Code code, String text, MetadataBlock trailers, Throwable cause) {
  /** Nobody can be told of anything but this. */
  static final Outcome REJECTED = failure(Code.CANCELLED, "its executor takes no callbacks", null);

  /** A failure on this side, or one that came without trailers. */
  public static Outcome failure(Code code, String text, Throwable cause) {
    return new Outcome(code, text, MetadataBlock.EMPTY, cause);
  }

  /** What a server has said. */
  static Outcome of(Event.Status status) {
    return new Outcome(status.code(), status.text(), status.trailers(), null);
  }

  /** The same, with the message before it. */
  static Outcome of(Event.Answer answer) {
    return new Outcome(answer.code(), answer.text(), answer.trailers(), null);
  }

  /** What ended the call instead. */
  static Outcome of(Event.Reset reset) {
    return failure(reset.code(), reset.text(), null);
  }

  /** What a call is told that comes between two tries to connect, so long before the next one. */
  static Outcome notTried(LinkException failure, String address, long waitMillis) {
    String seconds = BigDecimal.valueOf(Math.max(0, waitMillis), 3).toPlainString();
    String text = Fault.NOT_TRIED.text(failure.getMessage(), address, seconds);
    return failure(failure.code(), text, failure);
  }

  /** The failure of a link. */
  public static Outcome of(LinkException failure) {
    return failure(failure.code(), failure.getMessage(), failure);
  }
}
