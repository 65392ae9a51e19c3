package dev.samehost.codegen;

import com.google.protobuf.DescriptorProtos.Edition;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.compiler.PluginProtos.CodeGeneratorRequest;
import com.google.protobuf.compiler.PluginProtos.CodeGeneratorResponse;
import com.google.protobuf.compiler.PluginProtos.CodeGeneratorResponse.Feature;
import java.util.LinkedHashMap;
import java.util.Map;

/** Turns protoc's request into its response: three Java files for each service. Pure. */
final class Generator {
  private Generator() {}

  static CodeGeneratorResponse generate(CodeGeneratorRequest request) {
    CodeGeneratorResponse.Builder response =
        CodeGeneratorResponse.newBuilder()
            .setSupportedFeatures(
                Feature.FEATURE_PROTO3_OPTIONAL_VALUE | Feature.FEATURE_SUPPORTS_EDITIONS_VALUE)
            .setMinimumEdition(Edition.EDITION_PROTO2_VALUE)
            .setMaximumEdition(Edition.EDITION_2024_VALUE);
    try {
      Options options = Options.parse(request.getParameter());
      Map<String, FileDescriptor> files = link(request);
      ServiceNames names = new ServiceNames(files.values(), options.suffix());
      for (String path : request.getFileToGenerateList()) {
        FileDescriptor file = files.get(path);
        if (file == null) {
          throw new MalformedRequestException("the request does not hold the file " + path, null);
        }
        for (Service service : Service.of(file, names)) {
          response.addFile(InterfaceFile.write(service));
          response.addFile(ClientFile.write(service));
          response.addFile(MethodsFile.write(service));
        }
      }
      return response.build();
    } catch (ProblemException problem) {
      return response.clearFile().setError(problem.getMessage()).build();
    }
  }

  /** Files that are imported come before those that import them: so protoc promises. */
  private static Map<String, FileDescriptor> link(CodeGeneratorRequest request) {
    Map<String, FileDescriptor> files = new LinkedHashMap<>();
    for (FileDescriptorProto file : request.getProtoFileList()) {
      FileDescriptor[] imported =
          file.getDependencyList().stream()
              .filter(files::containsKey)
              .map(files::get)
              .toArray(FileDescriptor[]::new);
      try {
        files.put(file.getName(), FileDescriptor.buildFrom(file, imported));
      } catch (DescriptorValidationException | IllegalArgumentException malformed) {
        throw new MalformedRequestException(malformed.getMessage(), malformed);
      }
    }
    return files;
  }
}
