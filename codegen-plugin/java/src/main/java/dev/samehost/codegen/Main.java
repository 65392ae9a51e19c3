package dev.samehost.codegen;

import com.google.protobuf.ExtensionRegistry;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.JavaFeaturesProto;
import com.google.protobuf.compiler.PluginProtos;
import com.google.protobuf.compiler.PluginProtos.CodeGeneratorRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;

/** protoc-gen-samehost: reads protoc's request from stdin and writes its response to stdout. */
public final class Main {
  private Main() {}

  /** Runs as protoc starts it; it takes no arguments. */
  public static void main(String[] arguments) throws IOException {
    int code = run(System.in, System.out, System.err);
    System.out.flush();
    System.exit(code);
  }

  /**
   * One run.
   *
   * @return the exit code: 0 when a response was written, which may tell of a problem in a proto; 1
   *     when the request is not one that protoc makes, with the reason on {@code errors}
   */
  static int run(InputStream in, OutputStream out, PrintStream errors) throws IOException {
    // The extensions' class fails when it is the first one of protobuf that is initialised.
    PluginProtos.getDescriptor();
    ExtensionRegistry extensions = ExtensionRegistry.newInstance();
    JavaFeaturesProto.registerAllExtensions(extensions);
    CodeGeneratorRequest request;
    try {
      request = CodeGeneratorRequest.parseFrom(in, extensions);
    } catch (InvalidProtocolBufferException malformed) {
      return refuse(
          errors, "standard input holds no CodeGeneratorRequest: " + malformed.getMessage());
    }
    if (request.getFileToGenerateCount() == 0) {
      return refuse(
          errors, "the request names no file to generate. Only protoc starts this program.");
    }
    try {
      Generator.generate(request).writeTo(out);
    } catch (MalformedRequestException malformed) {
      return refuse(errors, malformed.getMessage());
    }
    return 0;
  }

  private static int refuse(PrintStream errors, String why) {
    errors.println("protoc-gen-samehost: " + why);
    return 1;
  }
}
