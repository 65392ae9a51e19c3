package dev.samehost.codegen;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import com.google.protobuf.GeneratorNames;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The name of each service's Java interface: the service's own, with {@code Service} behind it when
 * a class of the same package has that name, or the name of its client, already.
 */
final class ServiceNames {
  private final String suffix;
  private final Map<String, Set<String>> taken = new HashMap<>();
  private final Map<String, String> names = new HashMap<>();

  ServiceNames(Collection<FileDescriptor> files, String suffix) {
    this.suffix = suffix;
    files.forEach(this::take);
    files.forEach(file -> file.getServices().forEach(this::name));
  }

  /** The simple name of the service's interface. */
  String of(ServiceDescriptor service) {
    return names.get(service.getFullName());
  }

  /** The simple names of the classes in a package of Java's, as far as the request tells. */
  Set<String> taken(String javaPackage) {
    return taken.getOrDefault(javaPackage, Set.of());
  }

  private void take(FileDescriptor file) {
    Set<String> here =
        taken.computeIfAbsent(GeneratorNames.getFileJavaPackage(file), key -> new HashSet<>());
    String outer = GeneratorNames.getFileClassName(file);
    here.add(outer.substring(outer.lastIndexOf('.') + 1));
    for (Descriptor message : file.getMessageTypes()) {
      if (!GeneratorNames.getNestInFileClass(message)) {
        here.add(message.getName());
        here.add(message.getName() + "OrBuilder");
      }
    }
    for (EnumDescriptor type : file.getEnumTypes()) {
      if (!GeneratorNames.getNestInFileClass(type)) {
        here.add(type.getName());
      }
    }
    if (file.getOptions().getJavaGenericServices()) {
      file.getServices().forEach(service -> here.add(service.getName()));
    }
  }

  private void name(ServiceDescriptor service) {
    Set<String> here = taken.get(GeneratorNames.getFileJavaPackage(service.getFile()));
    String name = service.getName() + suffix;
    while (family(name).anyMatch(here::contains)) {
      name += "Service";
    }
    family(name).forEach(here::add);
    names.put(service.getFullName(), name);
  }

  private static Stream<String> family(String name) {
    return Stream.of(name, name + "Client", name + "Methods");
  }
}
