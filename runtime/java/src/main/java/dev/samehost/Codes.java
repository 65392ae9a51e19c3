package dev.samehost;

import dev.samehost.call.Outcome;
import dev.samehost.transport.Code;
import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import io.grpc.Status;

/** Translates status codes between the wire and gRPC: the numbers are the same. */
final class Codes {
  private static final Code[] CODES = Code.values();

  private Codes() {}

  @SuppressWarnings("EnumOrdinal") // which Code documents as the number
  static Status status(Code code, String text, Throwable cause) {
    Status status = Status.fromCodeValue(code.ordinal());
    return (text.isEmpty() ? status : status.withDescription(text)).withCause(cause);
  }

  static Status status(Outcome outcome) {
    return status(outcome.code(), outcome.text(), outcome.cause());
  }

  static Status status(LinkException failure) {
    return status(failure.code(), failure.getMessage(), failure);
  }

  static Status unknownMethod(String name) {
    return Status.UNIMPLEMENTED.withDescription(Fault.METHOD_UNKNOWN.text(name));
  }

  static Code code(Status status) {
    return CODES[status.getCode().value()];
  }

  static String text(Status status) {
    String text = status.getDescription();
    return text == null ? "" : text;
  }
}
