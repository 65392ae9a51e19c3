package dev.samehost.json;

import dev.samehost.OverLink;
import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import io.grpc.Status;
import io.netty.handler.codec.http.HttpResponseStatus;

/** Why a request does not become a call: a status, and what HTTP calls it. */
final class Refusal extends Exception {
  private static final long serialVersionUID = 1;

  private static final String SIDE = "server";
  private static final String OPTION = "maximum inbound message size";

  private final transient HttpResponseStatus http;
  private final transient Status status;
  private final transient CharSequence header; // null if none
  private final transient String value;

  /** With a status of HTTP that is not that of the code, and a header. */
  Refusal(HttpResponseStatus http, Status status, CharSequence header, String value) {
    super(status.getDescription(), null, false, false);
    this.http = http;
    this.status = status;
    this.header = header;
    this.value = value;
  }

  /** With a status of HTTP that is not that of the code. */
  Refusal(HttpResponseStatus http, Status status) {
    this(http, status, null, null);
  }

  static Refusal of(Status status) {
    return new Refusal(Code.of(status).http(), status);
  }

  static Refusal invalid(String why) {
    return of(Status.INVALID_ARGUMENT.withDescription(why));
  }

  /** Of a body of at least so many bytes. */
  static Refusal tooLarge(long bytes, int limit) {
    return of(Fault.MESSAGE_TOO_LARGE, bytes, limit, SIDE, OPTION);
  }

  static Refusal of(LinkException failure) {
    return of(OverLink.status(failure));
  }

  /** One that calls have as well. */
  static Refusal of(Fault fault, Object... facts) {
    return of(fault.with(facts));
  }

  HttpResponseStatus http() {
    return http;
  }

  Status status() {
    return status;
  }

  /** A header that the answer must have; null when none. */
  CharSequence header() {
    return header;
  }

  String value() {
    return value;
  }
}
