package dev.samehost.codegen;

import com.google.protobuf.DescriptorProtos.MethodOptions.IdempotencyLevel;
import com.google.protobuf.compiler.PluginProtos.CodeGeneratorResponse;
import java.util.ArrayList;
import java.util.List;

/** Writes the descriptors of a service and its methods, which client and server share. */
final class MethodsFile {
  private MethodsFile() {}

  static CodeGeneratorResponse.File write(Service service) {
    // A constant hides a class of its name in an expression.
    List<String> reserved = new ArrayList<>(List.of("Schema", "SERVICE", "NAME"));
    service.methods().forEach(method -> reserved.add(method.constant()));
    JavaFile file = new JavaFile(service, service.methodsClass(), reserved);
    String descriptor = file.type("io.grpc.MethodDescriptor");
    String string = file.type("java.lang.String");
    file.add(
        "/** The methods of {@link %s}, for any gRPC call API. */\n".formatted(service.name()));
    file.addDoc("", List.of(), service.isDeprecated());
    if (service.touchesDeprecated()) {
      file.add("@%s(\"deprecation\")\n".formatted(file.type("java.lang.SuppressWarnings")));
    }
    file.add(
        """
        public final class %s {
          private static final %s NAME = "%s";
        """
            .formatted(service.methodsClass(), string, service.proto().getFullName()));
    service.methods().forEach(method -> addMethod(file, method, descriptor));
    addService(file, service);
    file.add(
        """

          private %1$s() {}

          private static <Q extends %2$s, R extends %2$s> %3$s<Q, R> method(
              %4$s name, %3$s.MethodType type, Q request, R reply) {
            return %3$s.<Q, R>newBuilder()
                .setType(type)
                .setFullMethodName(%3$s.generateFullMethodName(NAME, name))
                .setRequestMarshaller(%5$s.marshaller(request))
                .setResponseMarshaller(%5$s.marshaller(reply))
                .setSchemaDescriptor(new Schema(name))
                .setSampledToLocalTracing(true)
                .build();
          }
        """
            .formatted(
                service.methodsClass(),
                file.type("com.google.protobuf.Message"),
                descriptor,
                string,
                file.type("io.grpc.protobuf.ProtoUtils")));
    addSchema(file, service, string);
    return file.add("}\n").finish();
  }

  private static void addMethod(JavaFile file, Method method, String descriptor) {
    String request = file.type(method.proto().getInputType());
    String reply = file.type(method.proto().getOutputType());
    IdempotencyLevel level = method.proto().getOptions().getIdempotencyLevel();
    file.add("\n  /** {@code %s}. */\n".formatted(method.proto().getFullName()));
    file.add(
        """
          public static final %1$s<%2$s, %3$s> %4$s =
              method(
                  "%5$s",
                  %1$s.MethodType.%6$s,
                  %2$s.getDefaultInstance(),
                  %3$s.getDefaultInstance())%7$s;
        """
            .formatted(
                descriptor,
                request,
                reply,
                method.constant(),
                method.proto().getName(),
                method.kind(),
                switch (level) {
                  case NO_SIDE_EFFECTS -> ".toBuilder().setIdempotent(true).setSafe(true).build()";
                  case IDEMPOTENT -> ".toBuilder().setIdempotent(true).build()";
                  case IDEMPOTENCY_UNKNOWN -> "";
                }));
  }

  private static void addService(JavaFile file, Service service) {
    file.add(
        """

          /** The service itself. */
          public static final %1$s SERVICE =
              %1$s.newBuilder(NAME)
                  .setSchemaDescriptor(new Schema(null))
        """
            .formatted(file.type("io.grpc.ServiceDescriptor")));
    for (Method method : service.methods()) {
      file.add("          .addMethod(%s)\n".formatted(method.constant()));
    }
    file.add("          .build();\n");
  }

  /** What lets gRPC's reflection service describe the service. */
  private static void addSchema(JavaFile file, Service service, String string) {
    String descriptors = file.type("com.google.protobuf.Descriptors");
    String override = "@" + file.type("java.lang.Override");
    file.add(
        """

          private record Schema(%1$s method) implements %2$s {
            %3$s
            public %4$s.FileDescriptor getFileDescriptor() {
              return %5$s.getDescriptor();
            }

            %3$s
            public %4$s.ServiceDescriptor getServiceDescriptor() {
              return getFileDescriptor().findServiceByName("%6$s");
            }

            %3$s
            public %4$s.MethodDescriptor getMethodDescriptor() {
              return method == null ? null : getServiceDescriptor().findMethodByName(method);
            }
          }
        """
            .formatted(
                string,
                file.type("io.grpc.protobuf.ProtoMethodDescriptorSupplier"),
                override,
                descriptors,
                file.type(service.proto().getFile()),
                service.proto().getName()));
  }
}
