package dev.samehost;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/**
 * A layer uses only what is under it: surface, call, connection, wire; and the two lowest, which
 * are pure, do no I/O and know no clock and no thread.
 */
@AnalyzeClasses(
    packages = "dev.samehost",
    importOptions = {ImportOption.DoNotIncludeTests.class, ImportOption.DoNotIncludeJars.class})
final class LayersTest {
  private static final String CALL = "dev.samehost.call";
  private static final String CONNECTION = "dev.samehost.connection";
  private static final String WIRE = "dev.samehost.wire";
  private static final String TRANSPORT = "dev.samehost.transport";
  private static final String SERVER_CONTEXT = "dev.samehost.ServerContext";

  private static final DescribedPredicate<JavaClass> INTERNALS_OF_GRPC =
      resideInAnyPackage("io.grpc.internal..", "io.grpc.netty..")
          .or(nameMatching("io\\.grpc\\..*Internal[A-Z].*"))
          .as("internals of gRPC");

  @ArchTest
  static final ArchRule nothingUsesTheInternalsOfGrpc =
      noClasses()
          .that()
          .doNotHaveFullyQualifiedName(SERVER_CONTEXT)
          .should()
          .dependOnClassesThat(INTERNALS_OF_GRPC);

  /** Without it grpc-services has no reflection; the class says what happens when it is gone. */
  @ArchTest
  static final ArchRule theContextOfAServerUsesOneOfThem =
      noClasses()
          .that()
          .haveFullyQualifiedName(SERVER_CONTEXT)
          .should()
          .dependOnClassesThat(
              INTERNALS_OF_GRPC.and(not(nameMatching("io\\.grpc\\.InternalServer"))));

  @ArchTest
  static final ArchRule theWireKnowsTheTransportsFaultsAlone =
      classes()
          .that()
          .resideInAPackage(WIRE)
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage("java..", WIRE, TRANSPORT);

  @ArchTest
  static final ArchRule aConnectionKnowsTheWireAndTheTransportsFaultsAlone =
      classes()
          .that()
          .resideInAPackage(CONNECTION)
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage("java..", CONNECTION, WIRE, TRANSPORT);

  @ArchTest
  static final ArchRule callsKnowNothingOfGrpc =
      classes()
          .that()
          .resideInAPackage(CALL)
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage("java..", "org.slf4j", CALL, CONNECTION, WIRE, TRANSPORT);

  @ArchTest
  static final ArchRule oneClassAloneKnowsProtobufWhichMayNotBeThere =
      noClasses()
          .that()
          .doNotHaveFullyQualifiedName("dev.samehost.LargeField")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("com.google.protobuf..", "io.grpc.protobuf..");

  @ArchTest
  static final ArchRule ourStubsSitOnThePublicApiOfGrpc =
      noClasses()
          .that()
          .resideInAPackage("dev.samehost.stub")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(CALL, CONNECTION, WIRE, "dev.samehost");

  @ArchTest
  static final ArchRule whatIsPureDoesNoIoAndKnowsNoClockAndNoThread =
      noClasses()
          .that()
          .resideInAnyPackage(CONNECTION, WIRE)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "java.nio.channels..",
              "java.nio.file..",
              "java.net..",
              "java.time..",
              "java.util.concurrent..")
          .orShould()
          .dependOnClassesThat()
          .haveNameMatching(
              "java\\.lang\\.Thread(Local)?|java\\.util\\.Timer|java\\.io\\.(File|InputStream|OutputStream).*"
                  + "|dev\\.samehost\\.transport\\.(Link|Connector|Listener)(\\$.*)?")
          .orShould()
          .callMethod(System.class, "nanoTime")
          .orShould()
          .callMethod(System.class, "currentTimeMillis");
}
