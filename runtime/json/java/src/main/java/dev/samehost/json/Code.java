package dev.samehost.json;

import io.grpc.Status;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.Locale;

/** Connect's codes of errors, and their statuses of HTTP. Their names are those of gRPC's. */
enum Code {
  CANCELLED(499),
  UNKNOWN(500),
  INVALID_ARGUMENT(400),
  DEADLINE_EXCEEDED(504),
  NOT_FOUND(404),
  ALREADY_EXISTS(409),
  PERMISSION_DENIED(403),
  RESOURCE_EXHAUSTED(429),
  FAILED_PRECONDITION(400),
  ABORTED(409),
  OUT_OF_RANGE(400),
  UNIMPLEMENTED(501),
  INTERNAL(500),
  UNAVAILABLE(503),
  DATA_LOSS(500),
  UNAUTHENTICATED(401);

  private final int http;

  Code(int http) {
    this.http = http;
  }

  /** Of a status that is not OK. */
  static Code of(Status status) {
    return valueOf(status.getCode().name());
  }

  HttpResponseStatus http() {
    return HttpResponseStatus.valueOf(http);
  }

  /** As it is written. */
  String text() {
    return this == CANCELLED ? "canceled" : name().toLowerCase(Locale.ROOT);
  }
}
