package dev.samehost.codegen;

import com.google.protobuf.DescriptorProtos.SourceCodeInfo.Location;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import com.google.protobuf.GeneratorNames;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A service as the files about it see it: its names in Java are chosen, its comments escaped.
 *
 * @param names of everything else in the package
 * @param javaPackage may be empty
 * @param name of the interface
 * @param doc the comment as the lines of a Javadoc; may be empty
 */
record Service(
    ServiceDescriptor proto,
    ServiceNames names,
    String javaPackage,
    String name,
    List<String> doc,
    List<Method> methods) {
  // What a client has already that takes no parameter.
  private static final Set<String> OF_EVERY_CLIENT =
      Set.of(
          "getChannel",
          "getCallOptions",
          "withWaitForReady",
          "withoutWaitForReady",
          "getClass",
          "hashCode",
          "toString",
          "notify",
          "notifyAll",
          "wait",
          "clone",
          "finalize");

  /** The services of a file. */
  static List<Service> of(FileDescriptor file, ServiceNames names) {
    Map<List<Integer>, Location> comments = new HashMap<>();
    for (Location location : file.toProto().getSourceCodeInfo().getLocationList()) {
      comments.putIfAbsent(location.getPathList(), location);
    }
    return file.getServices().stream().map(service -> of(service, names, comments)).toList();
  }

  private static Service of(
      ServiceDescriptor proto, ServiceNames names, Map<List<Integer>, Location> comments) {
    // Overloads would do for some of these, but no two of them should read the same.
    Set<String> methodNames = new HashSet<>();
    Set<String> constants = new HashSet<>(Set.of("SERVICE", "NAME"));
    Set<String> handles = new HashSet<>(OF_EVERY_CLIENT);
    Map<MethodDescriptor, String> javaNames = new HashMap<>();
    for (MethodDescriptor method : proto.getMethods()) {
      javaNames.put(method, Names.free(Names.camelCase(method.getName()), methodNames));
    }
    List<Method> methods =
        proto.getMethods().stream()
            .map(
                method ->
                    new Method(
                        method,
                        Kind.of(method),
                        javaNames.get(method),
                        Names.free(javaNames.get(method), handles),
                        method.isClientStreaming() || method.isServerStreaming()
                            ? ""
                            : Names.free(Names.camelCase(method.getName()) + "Async", methodNames),
                        Names.free(Names.constantCase(method.getName()), constants),
                        Javadoc.of(
                            comments.get(List.of(6, proto.getIndex(), 2, method.getIndex())))))
            .toList();
    return new Service(
        proto,
        names,
        GeneratorNames.getFileJavaPackage(proto.getFile()),
        names.of(proto),
        Javadoc.of(comments.get(List.of(6, proto.getIndex()))),
        methods);
  }

  String client() {
    return name + "Client";
  }

  String methodsClass() {
    return name + "Methods";
  }

  boolean isDeprecated() {
    return proto.getOptions().getDeprecated();
  }

  /** Whether code about the service names something that its proto calls deprecated. */
  boolean touchesDeprecated() {
    return isDeprecated() || methods.stream().anyMatch(Method::touchesDeprecated);
  }

  boolean hasStreaming() {
    return methods.stream().anyMatch(method -> method.kind() != Kind.UNARY);
  }
}
