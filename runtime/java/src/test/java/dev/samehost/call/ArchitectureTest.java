package dev.samehost.call;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The layers: the wire knows no calls, and neither it nor the core knows I/O, time or threads. */
final class ArchitectureTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.samehost.wire", "dev.samehost.call");

  /** The pure core. The driver stands beside it in the same package. */
  private static final Set<String> CORE =
      Set.of(
          "Connection",
          "ConnectionState",
          "End",
          "Event",
          "Inbox",
          "Lifecycle",
          "Methods",
          "Outbound",
          "Outbox",
          "Pieces",
          "Settings",
          "Side",
          "Stream",
          "StreamActions",
          "StreamFrames",
          "Streams",
          "StreamState");

  private static final DescribedPredicate<JavaClass> PURE =
      DescribedPredicate.describe(
          "the wire or the core of calls",
          type -> type.getPackageName().equals("dev.samehost.wire") || isCore(type));

  private static boolean isCore(JavaClass type) {
    String outer = type.getName().replaceAll("\\$.*", "");
    return outer.startsWith("dev.samehost.call.")
        && CORE.contains(outer.substring(outer.lastIndexOf('.') + 1));
  }

  @Test
  void theWireKnowsNoCalls() {
    noClasses()
        .that()
        .resideInAPackage("dev.samehost.wire")
        .should()
        .dependOnClassesThat(
            DescribedPredicate.describe(
                "are neither the wire's nor Java's",
                type ->
                    !type.getPackageName().equals("dev.samehost.wire")
                        && !type.getPackageName().startsWith("java.")
                        && !type.getBaseComponentType().isPrimitive()))
        .check(CLASSES);
  }

  @Test
  void theCoreKnowsNoThreadsLocksOrChannels() {
    noClasses()
        .that(PURE)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "java.util.concurrent..",
            "java.nio.channels..",
            "java.net..",
            "java.time..",
            "io.grpc..",
            "io.netty..",
            "com.sun.jna..",
            "org.slf4j..")
        .orShould()
        .dependOnClassesThat()
        .belongToAnyOf(Thread.class, ThreadLocal.class, java.util.Timer.class)
        .check(CLASSES);
  }

  @Test
  void theCoreAsksNoClock() {
    noClasses()
        .that(PURE)
        .should()
        .callMethod(System.class, "nanoTime")
        .orShould()
        .callMethod(System.class, "currentTimeMillis")
        .check(CLASSES);
  }

  @Test
  void theCoreUsesOnlyTheCataloguesPartOfTheTransports() {
    noClasses()
        .that(PURE)
        .should()
        .dependOnClassesThat(
            DescribedPredicate.describe(
                "are transports",
                type ->
                    type.getPackageName().startsWith("dev.samehost.transport")
                        && !Set.of("Code", "Fault", "LinkException")
                            .contains(type.getBaseComponentType().getSimpleName())))
        .check(CLASSES);
  }

  @Test
  void theCoreIsWhatItIsSaidToBe() {
    for (String name : CORE) {
      if (!CLASSES.contain("dev.samehost.call." + name)) {
        throw new AssertionError("no class " + name);
      }
    }
  }
}
