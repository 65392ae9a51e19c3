package dev.samehost.codegen;

import com.google.protobuf.Descriptors.MethodDescriptor;

/** The four kinds of call. */
enum Kind {
  UNARY("unary"),
  SERVER_STREAMING("serverStreaming"),
  CLIENT_STREAMING("clientStreaming"),
  BIDI_STREAMING("bidiStreaming");

  /** The name of the methods that serve this kind in {@code Calls} and {@code Handlers}. */
  final String helper;

  Kind(String helper) {
    this.helper = helper;
  }

  static Kind of(MethodDescriptor method) {
    if (method.isClientStreaming()) {
      return method.isServerStreaming() ? BIDI_STREAMING : CLIENT_STREAMING;
    }
    return method.isServerStreaming() ? SERVER_STREAMING : UNARY;
  }
}
