package dev.samehost;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** A layer uses only what is under it: surface, call, wire; and the pure parts do no I/O. */
@AnalyzeClasses(
    packages = "dev.samehost",
    importOptions = {ImportOption.DoNotIncludeTests.class, ImportOption.DoNotIncludeJars.class})
final class LayersTest {
  private static final String PURE_OF_CALL =
      "dev\\.samehost\\.call\\.(Connection|ConnectionState|End|Event|Inbox|Methods|Outbound|Outbox"
          + "|Settings|Side|Stream|StreamFrames|StreamState|Streams)(\\$.*)?";

  @ArchTest
  static final ArchRule nothingUsesTheInternalsOfGrpc =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.grpc.internal..", "io.grpc.netty..")
          .orShould()
          .dependOnClassesThat()
          .haveNameMatching("io\\.grpc\\..*Internal[A-Z].*");

  @ArchTest
  static final ArchRule theWireKnowsTheTransportsFaultsAlone =
      classes()
          .that()
          .resideInAPackage("dev.samehost.wire")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage("java..", "dev.samehost.wire", "dev.samehost.transport");

  @ArchTest
  static final ArchRule callsKnowNothingOfGrpc =
      classes()
          .that()
          .resideInAPackage("dev.samehost.call")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "java..",
              "org.slf4j",
              "dev.samehost.call",
              "dev.samehost.wire",
              "dev.samehost.transport");

  @ArchTest
  static final ArchRule ourStubsSitOnThePublicApiOfGrpc =
      noClasses()
          .that()
          .resideInAPackage("dev.samehost.stub")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.samehost.call", "dev.samehost.wire", "dev.samehost");

  @ArchTest
  static final ArchRule theCoreOfACallDoesNoIoAndKnowsNoClockAndNoThread =
      noClasses()
          .that()
          .haveNameMatching(PURE_OF_CALL)
          .or()
          .resideInAPackage("dev.samehost.wire")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "java.nio.channels..", "java.nio.file..", "java.net..", "java.util.concurrent..")
          .orShould()
          .dependOnClassesThat()
          .haveNameMatching(
              "java\\.lang\\.Thread|java\\.io\\.(File|InputStream|OutputStream).*"
                  + "|dev\\.samehost\\.transport\\.(Link|Connector|Listener)(\\$.*)?")
          .orShould()
          .callMethod(System.class, "nanoTime")
          .orShould()
          .callMethod(System.class, "currentTimeMillis");

  @ArchTest
  static final ArchRule theCoreOfACallDoesNotKnowItsDriver =
      classes()
          .that()
          .haveNameMatching(PURE_OF_CALL)
          .should()
          .onlyDependOnClassesThat()
          .haveNameMatching(
              PURE_OF_CALL
                  + "|java\\..*|\\[.*|dev\\.samehost\\.wire\\..*|dev\\.samehost\\.transport\\..*");
}
