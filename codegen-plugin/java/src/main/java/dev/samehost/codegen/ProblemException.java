package dev.samehost.codegen;

/** A problem that the author of a proto or the caller of protoc can solve; its text says how. */
final class ProblemException extends RuntimeException {
  private static final long serialVersionUID = 1;

  ProblemException(String message) {
    super(message);
  }
}
