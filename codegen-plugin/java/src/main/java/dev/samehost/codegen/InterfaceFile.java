package dev.samehost.codegen;

import com.google.protobuf.compiler.PluginProtos.CodeGeneratorResponse;
import java.util.List;

/** Writes the interface of a service, which handlers implement and callers hold. */
final class InterfaceFile {
  private InterfaceFile() {}

  static CodeGeneratorResponse.File write(Service service) {
    JavaFile file = new JavaFile(service, service.name(), List.of());
    file.addDoc("", doc(service), service.isDeprecated());
    if (service.touchesDeprecated()) {
      file.add("@%s(\"deprecation\")\n".formatted(file.type("java.lang.SuppressWarnings")));
    }
    file.add("public interface %s {\n".formatted(service.name()));
    for (Method method : service.methods()) {
      file.addDoc("  ", method.doc(), method.isDeprecated());
      file.add("  %s;\n\n".formatted(signature(file, method)));
    }
    return addClient(addServer(file, service), service).add("}\n").finish();
  }

  /** The method's declaration: its result, name and parameters. */
  static String signature(JavaFile file, Method method) {
    String request = file.type(method.proto().getInputType());
    String reply = file.type(method.proto().getOutputType());
    return switch (method.kind()) {
      case UNARY -> "%s %s(%s request)".formatted(reply, method.name(), request);
      case SERVER_STREAMING ->
          "void %s(%s request, %s<%s> replies)"
              .formatted(method.name(), request, consumer(file), reply);
      case CLIENT_STREAMING ->
          "%s %s(%s<%s> requests)".formatted(reply, method.name(), iterable(file), request);
      case BIDI_STREAMING ->
          "void %s(%s<%s> requests, %s<%s> replies)"
              .formatted(method.name(), iterable(file), request, consumer(file), reply);
    };
  }

  private static String consumer(JavaFile file) {
    return file.type("java.util.function.Consumer");
  }

  private static String iterable(JavaFile file) {
    return file.type("java.lang.Iterable");
  }

  private static List<String> doc(Service service) {
    return service.doc().isEmpty()
        ? List.of("The service {@code %s}.".formatted(service.proto().getFullName()))
        : service.doc();
  }

  private static JavaFile addServer(JavaFile file, Service service) {
    String definition = file.type("io.grpc.ServerServiceDefinition");
    if (!service.hasStreaming()) {
      file.add(
          """
            /** What serves {@code handler} on any gRPC server, by {@code ServerBuilder.addService}. */
            static %s server(%s handler) {
          """
              .formatted(definition, service.name()));
    } else {
      file.add(
          """
            /**
             * What serves {@code handler} on any gRPC server, by {@code ServerBuilder.addService}. Methods
             * that stream run on threads of their own.
             */
            static %1$s server(%2$s handler) {
              return server(handler, %3$s.shared());
            }

            /** As {@link #server(%2$s)}, with the executor for the methods that stream. */
            static %1$s server(%2$s handler, %4$s executor) {
          """
              .formatted(
                  definition,
                  service.name(),
                  file.type("dev.samehost.stub.HandlerThreads"),
                  file.type("java.util.concurrent.Executor")));
    }
    file.add("    return %s.builder(%s.SERVICE)\n".formatted(definition, service.methodsClass()));
    for (Method method : service.methods()) {
      file.add(
          "        .addMethod(%s.%s, %s.%s(%shandler::%s))\n"
              .formatted(
                  service.methodsClass(),
                  method.constant(),
                  file.type("dev.samehost.stub.Handlers"),
                  method.kind().helper,
                  method.kind() == Kind.UNARY ? "" : "executor, ",
                  method.name()));
    }
    return file.add("        .build();\n  }\n\n");
  }

  private static JavaFile addClient(JavaFile file, Service service) {
    return file.add(
        """
          /** A client that calls over {@code channel}, which stays the caller's to shut down. */
          static %1$s client(%2$s channel) {
            return new %1$s(channel, %3$s.DEFAULT);
          }
        """
            .formatted(
                service.client(), file.type("io.grpc.Channel"), file.type("io.grpc.CallOptions")));
  }
}
