package dev.samehost.codegen;

import com.google.protobuf.compiler.PluginProtos.CodeGeneratorResponse;
import java.util.List;

/** Writes the client of a service: the interface over a channel, and what only a caller can do. */
final class ClientFile {
  private ClientFile() {}

  static CodeGeneratorResponse.File write(Service service) {
    // AbstractStub has a member type of this name.
    JavaFile file = new JavaFile(service, service.client(), List.of("StubFactory"));
    String override = "@" + file.type("java.lang.Override");
    file.add(
        """
        /**
         * Calls {@link %s} over a channel. It does not change and may be used from any thread; {@code
         * withDeadlineAfter}, {@code withInterceptors} and their like give another client.
         *
         * <p>Every call waits, but for those that give a future, and throws {@link %s} when it fails.
         */
        """
            .formatted(service.name(), file.type("io.grpc.StatusRuntimeException")));
    file.addDoc("", List.of(), service.isDeprecated());
    if (service.touchesDeprecated()) {
      file.add("@%s(\"deprecation\")\n".formatted(file.type("java.lang.SuppressWarnings")));
    }
    file.add(
        """
        public final class %1$s extends %2$s<%1$s> implements %3$s {
          %1$s(%4$s channel, %5$s options) {
            super(channel, options);
          }

          %6$s
          protected %1$s build(%4$s channel, %5$s options) {
            return new %1$s(channel, options);
          }
        """
            .formatted(
                service.client(),
                file.type("io.grpc.stub.AbstractStub"),
                service.name(),
                file.type("io.grpc.Channel"),
                file.type("io.grpc.CallOptions"),
                override));
    for (Method method : service.methods()) {
      addInherited(file, service, method, override);
      addOwn(file, service, method);
    }
    return file.add("}\n").finish();
  }

  private static void addInherited(JavaFile file, Service service, Method method, String override) {
    file.add("\n  %s\n".formatted(override));
    file.addDoc("  ", List.of(), method.isDeprecated());
    boolean answers = method.kind() == Kind.UNARY || method.kind() == Kind.CLIENT_STREAMING;
    file.add(
        """
          public %s {
            %s%s;
          }
        """
            .formatted(
                InterfaceFile.signature(file, method),
                answers ? "return " : "",
                call(file, service, method, method.kind().helper, arguments(method.kind()))));
  }

  private static void addOwn(JavaFile file, Service service, Method method) {
    String request = file.type(method.proto().getInputType());
    String reply = file.type(method.proto().getOutputType());
    String helper = method.kind().helper;
    switch (method.kind()) {
      case UNARY -> {
        String future = file.type("java.util.concurrent.CompletableFuture");
        addOwn(
            file,
            method,
            "As {@link #%s}, without waiting. Cancelling the future cancels the call.",
            "%s<%s> %s(%s request)".formatted(future, reply, method.async(), request),
            call(file, service, method, "unaryAsync", ", request"));
      }
      case SERVER_STREAMING ->
          addOwn(
              file,
              method,
              "As {@link #%s}, for the caller to read, and to close.",
              "%s<%s> %s(%s request)"
                  .formatted(
                      file.type("dev.samehost.stub.Replies"), reply, method.handle(), request),
              call(file, service, method, helper, ", request"));
      case CLIENT_STREAMING ->
          addOwn(
              file,
              method,
              "As {@link #%s}, for the caller to send, to finish, and to close.",
              "%s<%s, %s> %s()"
                  .formatted(
                      file.type("dev.samehost.stub.Requests"), request, reply, method.handle()),
              call(file, service, method, helper, ""));
      case BIDI_STREAMING ->
          addOwn(
              file,
              method,
              "As {@link #%s}, for the caller to send, to read, and to close.",
              "%s<%s, %s> %s()"
                  .formatted(
                      file.type("dev.samehost.stub.Conversation"), request, reply, method.handle()),
              call(file, service, method, helper, ""));
    }
  }

  private static void addOwn(
      JavaFile file, Method method, String doc, String signature, String call) {
    file.add("\n  /** %s */\n".formatted(doc.formatted(link(file, method))));
    file.addDoc("  ", List.of(), method.isDeprecated());
    file.add("  public %s {\n    return %s;\n  }\n".formatted(signature, call));
  }

  /** How Javadoc names the method of the interface among its overloads. */
  private static String link(JavaFile file, Method method) {
    String request = file.type(method.proto().getInputType());
    String consumer = "java.util.function.Consumer";
    return method.name()
        + switch (method.kind()) {
          case UNARY -> "(%s)".formatted(request);
          case SERVER_STREAMING -> "(%s, %s)".formatted(request, file.type(consumer));
          case CLIENT_STREAMING -> "(%s)".formatted(file.type("java.lang.Iterable"));
          case BIDI_STREAMING ->
              "(%s, %s)".formatted(file.type("java.lang.Iterable"), file.type(consumer));
        };
  }

  private static String call(
      JavaFile file, Service service, Method method, String helper, String arguments) {
    return "%s.%s(getChannel(), %s.%s, getCallOptions()%s)"
        .formatted(
            file.type("dev.samehost.stub.Calls"),
            helper,
            service.methodsClass(),
            method.constant(),
            arguments);
  }

  private static String arguments(Kind kind) {
    return switch (kind) {
      case UNARY -> ", request";
      case SERVER_STREAMING -> ", request, replies";
      case CLIENT_STREAMING -> ", requests";
      case BIDI_STREAMING -> ", requests, replies";
    };
  }
}
