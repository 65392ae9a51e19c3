package dev.samehost.codegen;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.DescriptorProtos.Edition;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileOptions;
import com.google.protobuf.compiler.PluginProtos.CodeGeneratorRequest;
import com.google.protobuf.compiler.PluginProtos.CodeGeneratorResponse;
import com.google.protobuf.compiler.PluginProtos.CodeGeneratorResponse.Feature;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * What the generator answers, but for the code itself: see GoldenTest and
 * codegen-plugin/java-tests.
 */
final class GeneratorTest {
  @Test
  void aServiceGivesAnInterfaceAClientAndItsMethods() throws Exception {
    CodeGeneratorResponse response = Generator.generate(Requests.forFile("greeter.proto"));
    assertThat(names(response))
        .containsExactly(
            "dev/samehost/codegen/tests/Greeter.java",
            "dev/samehost/codegen/tests/GreeterClient.java",
            "dev/samehost/codegen/tests/GreeterMethods.java")
        .inOrder();
  }

  @Test
  void onlyTheFilesThatAreAskedForAreGenerated() throws Exception {
    assertThat(names(Generator.generate(Requests.forFile("nested.proto")))).isEmpty();
  }

  @Test
  void itSaysThatItKnowsOptionalFieldsAndEditions() throws Exception {
    CodeGeneratorResponse response = Generator.generate(Requests.forFile("greeter.proto"));
    assertThat(response.getSupportedFeatures())
        .isEqualTo(Feature.FEATURE_PROTO3_OPTIONAL_VALUE | Feature.FEATURE_SUPPORTS_EDITIONS_VALUE);
    assertThat(response.getMinimumEdition()).isEqualTo(Edition.EDITION_PROTO2_VALUE);
    assertThat(response.getMaximumEdition()).isEqualTo(Edition.EDITION_2024_VALUE);
  }

  @Test
  void theSameRequestGivesTheSameBytes() throws Exception {
    CodeGeneratorRequest request = Requests.forFile("odd_names.proto");
    assertThat(Generator.generate(request).toByteString())
        .isEqualTo(Generator.generate(request).toByteString());
  }

  @Test
  void anUnknownOptionIsRefusedByName() throws Exception {
    CodeGeneratorResponse response =
        Generator.generate(
            Requests.forFile("greeter.proto").toBuilder().setParameter("sufix=Rpc").build());
    assertThat(response.getError()).isEqualTo("unknown option 'sufix'; there is: suffix=TEXT");
    assertThat(response.getFileList()).isEmpty();
  }

  @Test
  void aSuffixThatIsNoPartOfANameIsRefused() throws Exception {
    for (String parameter : List.of("suffix", "suffix=a b", "suffix=../x")) {
      CodeGeneratorResponse response =
          Generator.generate(
              Requests.forFile("greeter.proto").toBuilder().setParameter(parameter).build());
      assertThat(response.getError()).contains("option '" + parameter + "' must be suffix=TEXT");
    }
  }

  @Test
  void aSuffixStandsBehindTheServicesName() throws Exception {
    CodeGeneratorResponse response =
        Generator.generate(
            Requests.forFile("greeter.proto").toBuilder().setParameter("suffix=Rpc").build());
    assertThat(names(response))
        .containsExactly(
            "dev/samehost/codegen/tests/GreeterRpc.java",
            "dev/samehost/codegen/tests/GreeterRpcClient.java",
            "dev/samehost/codegen/tests/GreeterRpcMethods.java")
        .inOrder();
  }

  @Test
  void aNameThatAMessageHasGetsServiceBehindIt() throws Exception {
    assertThat(names(Generator.generate(Requests.forFile("same_name.proto"))))
        .containsAtLeast(
            "dev/samehost/codegen/tests/same/MailService.java",
            "dev/samehost/codegen/tests/same/PostService.java",
            "dev/samehost/codegen/tests/same/Empty.java");
  }

  @Test
  void aNameThatProtobufsOwnServiceHasGetsServiceBehindIt() {
    FileDescriptorProto.Builder generic =
        Requests.message("generic.proto", "a.b", "Parcel")
            .setOptions(
                FileOptions.newBuilder().setJavaGenericServices(true).setJavaMultipleFiles(true))
            .addService(Requests.service("Courier", ".a.b.Parcel"));
    assertThat(names(Generator.generate(Requests.forFiles(generic))))
        .contains("a/b/CourierService.java");
  }

  @Test
  void aMessageWithoutAJavaPackageCannotBeNamedFromOne() {
    FileDescriptorProto.Builder user =
        FileDescriptorProto.newBuilder()
            .setName("user.proto")
            .setPackage("a.b")
            .addDependency("lost.proto")
            .addService(Requests.service("User", ".Lost"));
    CodeGeneratorResponse response =
        Generator.generate(Requests.forFiles(Requests.message("lost.proto", "", "Lost"), user));
    assertThat(response.getError())
        .isEqualTo(
            "user.proto: Lost has no Java package, so a.b.User cannot name it."
                + " Give lost.proto an option java_package.");
  }

  @Test
  void aRequestThatLacksAnImportIsMalformed() {
    FileDescriptorProto.Builder user =
        Requests.message("user.proto", "a.b", "Mine")
            .addDependency("gone.proto")
            .addService(Requests.service("User", ".a.b.Gone"));
    MalformedRequestException malformed =
        assertThrows(
            MalformedRequestException.class, () -> Generator.generate(Requests.forFiles(user)));
    assertThat(malformed).hasMessageThat().contains("a.b.Gone");
  }

  private static List<String> names(CodeGeneratorResponse response) {
    assertThat(response.getError()).isEmpty();
    return response.getFileList().stream().map(CodeGeneratorResponse.File::getName).toList();
  }
}
