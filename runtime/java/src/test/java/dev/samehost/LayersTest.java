package dev.samehost;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** A layer uses only what is under it: surface, call, wire; and the pure parts do no I/O. */
@AnalyzeClasses(
    packages = "dev.samehost",
    importOptions = {ImportOption.DoNotIncludeTests.class, ImportOption.DoNotIncludeJars.class})
final class LayersTest {
  /** What gives the core threads, clocks and links. All else in that package is pure. */
  private static final String DRIVER =
      "dev\\.samehost\\.call\\.(Attempt|BackgroundReader|Backoff|Bridges?|CallDeadline|Callbacks|CallerRoute|ClientStream(Listener|Options|State)?"
          + "|Connection(Lock|Observer)|Connectivity|Dialer(Options)?|Driver|EventRouter|Guard|LinkTraffic|Outcome|Pending|Presence"
          + "|Pump|ReaderRole|ReaderThread|Reception|Request|Roster|Route|Serving|ServerStream|StreamEvents|Timers|Turns|Waiter|Watchman|Ways|Workers)(\\$.*)?";

  private static final DescribedPredicate<JavaClass> PURE =
      describe(
          "the core of calls",
          type ->
              type.getPackageName().equals("dev.samehost.wire")
                  || (type.getPackageName().equals("dev.samehost.call")
                      && !type.getName().matches(DRIVER)));

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
          .resideInAnyPackage("dev.samehost.call", "dev.samehost.wire", "dev.samehost");

  @ArchTest
  static final ArchRule theCoreOfACallDoesNoIoAndKnowsNoClockAndNoThread =
      noClasses()
          .that(PURE)
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
      noClasses().that(PURE).should().dependOnClassesThat().haveNameMatching(DRIVER);
}
