package dev.samehost.codegen;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.DescriptorProtos.MethodDescriptorProto;
import com.google.protobuf.DescriptorProtos.ServiceDescriptorProto;
import com.google.protobuf.ExtensionRegistry;
import com.google.protobuf.JavaFeaturesProto;
import com.google.protobuf.compiler.PluginProtos;
import com.google.protobuf.compiler.PluginProtos.CodeGeneratorRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Requests as protoc makes them, for the protos of codegen-plugin/java-tests or built by hand. */
final class Requests {
  private Requests() {}

  /** Asks for one of the protos that protoc has compiled in this build. */
  static CodeGeneratorRequest forFile(String path) throws IOException {
    PluginProtos.getDescriptor();
    ExtensionRegistry extensions = ExtensionRegistry.newInstance();
    JavaFeaturesProto.registerAllExtensions(extensions);
    FileDescriptorSet compiled =
        FileDescriptorSet.parseFrom(
            Files.readAllBytes(Path.of("target/protos/tests.binpb")), extensions);
    return CodeGeneratorRequest.newBuilder()
        .addFileToGenerate(path)
        .addAllProtoFile(compiled.getFileList())
        .build();
  }

  /** Asks for the last one of the files. */
  static CodeGeneratorRequest forFiles(FileDescriptorProto.Builder... files) {
    CodeGeneratorRequest.Builder request = CodeGeneratorRequest.newBuilder();
    for (FileDescriptorProto.Builder file : files) {
      request.addProtoFile(file).clearFileToGenerate().addFileToGenerate(file.getName());
    }
    return request.build();
  }

  /** A file with an empty message. */
  static FileDescriptorProto.Builder message(String path, String protoPackage, String name) {
    return FileDescriptorProto.newBuilder()
        .setName(path)
        .setPackage(protoPackage)
        .addMessageType(DescriptorProto.newBuilder().setName(name));
  }

  /** A service with one method, Call, whose messages are of one type. */
  static ServiceDescriptorProto.Builder service(String name, String type) {
    return ServiceDescriptorProto.newBuilder()
        .setName(name)
        .addMethod(
            MethodDescriptorProto.newBuilder()
                .setName("Call")
                .setInputType(type)
                .setOutputType(type));
  }
}
