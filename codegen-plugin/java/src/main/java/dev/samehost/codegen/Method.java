package dev.samehost.codegen;

import com.google.protobuf.Descriptors.MethodDescriptor;
import java.util.List;

/**
 * A method of a service.
 *
 * @param name in the interface
 * @param handle the name of the client's variant for which the caller holds the stream
 * @param async the name of the client's variant that gives a future; empty unless unary
 * @param constant the name of its descriptor
 * @param doc the comment as the lines of a Javadoc; may be empty
 */
record Method(
    MethodDescriptor proto,
    Kind kind,
    String name,
    String handle,
    String async,
    String constant,
    List<String> doc) {
  boolean isDeprecated() {
    return proto.getOptions().getDeprecated();
  }

  boolean touchesDeprecated() {
    return isDeprecated()
        || proto.getInputType().getOptions().getDeprecated()
        || proto.getOutputType().getOptions().getDeprecated();
  }
}
