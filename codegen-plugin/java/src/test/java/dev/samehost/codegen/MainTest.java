package dev.samehost.codegen;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.compiler.PluginProtos.CodeGeneratorRequest;
import com.google.protobuf.compiler.PluginProtos.CodeGeneratorResponse;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import org.junit.jupiter.api.Test;

/** What protoc sees of the program: bytes in, bytes out, exit code. */
final class MainTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream errors = new ByteArrayOutputStream();

  @Test
  void aRequestIsAnsweredOnStandardOutput() throws Exception {
    assertThat(run(Requests.forFile("greeter.proto").toByteArray())).isEqualTo(0);
    assertThat(CodeGeneratorResponse.parseFrom(out.toByteArray()).getFileCount()).isEqualTo(3);
    assertThat(errors.size()).isEqualTo(0);
  }

  @Test
  void aProblemThatItsUserCanSolveIsInTheResponse() throws Exception {
    CodeGeneratorRequest request =
        Requests.forFile("greeter.proto").toBuilder().setParameter("colour=red").build();
    assertThat(run(request.toByteArray())).isEqualTo(0);
    assertThat(CodeGeneratorResponse.parseFrom(out.toByteArray()).getError())
        .contains("unknown option 'colour'");
  }

  @Test
  void bytesThatAreNoRequestEndWithExitOneAndAReason() throws Exception {
    assertThat(run("hello".getBytes(UTF_8))).isEqualTo(1);
    assertThat(errors.toString(UTF_8))
        .startsWith("protoc-gen-samehost: standard input holds no CodeGeneratorRequest: ");
    assertThat(out.size()).isEqualTo(0);
  }

  @Test
  void aRequestThatIsCutOffEndsWithExitOne() throws Exception {
    byte[] whole = Requests.forFile("greeter.proto").toByteArray();
    assertThat(run(java.util.Arrays.copyOf(whole, whole.length - 1))).isEqualTo(1);
    assertThat(out.size()).isEqualTo(0);
  }

  @Test
  void anEmptyRequestEndsWithExitOneAndSaysWhoStartsThisProgram() throws Exception {
    assertThat(run(new byte[0])).isEqualTo(1);
    assertThat(errors.toString(UTF_8)).contains("Only protoc starts this program.");
  }

  @Test
  void aRequestForAFileThatItDoesNotHoldEndsWithExitOne() throws Exception {
    CodeGeneratorRequest request =
        CodeGeneratorRequest.newBuilder().addFileToGenerate("gone.proto").build();
    assertThat(run(request.toByteArray())).isEqualTo(1);
    assertThat(errors.toString(UTF_8)).contains("the request does not hold the file gone.proto");
  }

  private int run(byte[] in) throws IOException {
    return Main.run(new ByteArrayInputStream(in), out, new PrintStream(errors, true, UTF_8));
  }
}
