package dev.samehost.codegen;

import static com.google.common.truth.Truth.assertThat;
import static com.google.common.truth.Truth.assertWithMessage;

import com.google.protobuf.compiler.PluginProtos.CodeGeneratorResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The golden files show a reader what is generated, and a reviewer what a change does to it. */
final class GoldenTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");
  private static final String REFRESH =
      "mvn -pl codegen-plugin/java -am test -Dsamehost.golden=refresh writes the golden files anew";

  @Test
  void theGoldenFilesAreWhatIsGenerated() throws Exception {
    CodeGeneratorResponse response = Generator.generate(Requests.forFile("greeter.proto"));
    assertThat(response.getFileCount()).isEqualTo(3);
    for (CodeGeneratorResponse.File file : response.getFileList()) {
      Path golden = GOLDEN.resolve(Path.of(file.getName()).getFileName() + ".golden");
      if ("refresh".equals(System.getProperty("samehost.golden"))) {
        Files.writeString(golden, file.getContent());
      }
      assertWithMessage(REFRESH).that(Files.readString(golden)).isEqualTo(file.getContent());
    }
  }
}
