package dev.samehost.codegen;

/** The request contradicts itself, as no request of protoc's does. */
final class MalformedRequestException extends RuntimeException {
  private static final long serialVersionUID = 1;

  MalformedRequestException(String message, Throwable cause) {
    super(message, cause);
  }
}
