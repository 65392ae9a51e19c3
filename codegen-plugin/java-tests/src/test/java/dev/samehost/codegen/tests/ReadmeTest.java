package dev.samehost.codegen.tests;

import static com.google.common.truth.Truth.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Java of the READMEs compiles. What is left out of it, they say by three dots. */
final class ReadmeTest {
  private static final Path ROOT = Path.of("../..");
  private static final List<String> READMES =
      List.of(
          "README.md",
          "codegen-plugin/README.md",
          "runtime/java/README.md",
          "transports/testkit/README.md");

  /** In one line, so that those of a piece are found again. */
  private static final String IMPORTS =
      "package dev.samehost.codegen.tests;"
          + "import dev.samehost.*; import dev.samehost.stub.*; import dev.samehost.transport.*;"
          + "import dev.samehost.transport.testkit.*; import io.grpc.*;"
          + "import io.grpc.TlsServerCredentials.ClientAuth; import io.grpc.protobuf.StatusProto;"
          + "import java.util.*; import java.util.concurrent.*; import java.util.function.*;"
          + "import javax.net.ssl.SSLSession;"
          + "import static java.util.concurrent.TimeUnit.SECONDS;";

  /** A piece of a README, in a class of its own. */
  private static final class Piece extends SimpleJavaFileObject {
    private final String readme;
    private final int line;
    private final String source;

    Piece(String readme, int line, String code) {
      super(URI.create("string:///" + name(readme, line) + ".java"), Kind.SOURCE);
      this.readme = readme;
      this.line = line;
      boolean isType = code.startsWith("public ") || code.startsWith("final class ");
      String whole =
          code.replace("{ ... }", "{ throw null; }")
              .replace("Greetings implements Greeter", "Greetings extends OtherGreetings")
              .replace("\n  ...\n", "\n\n");
      String head = "final class " + name(readme, line) + " extends ReadmeSurroundings {";
      this.source =
          isType
              ? IMPORTS + head + "\n" + whole + "\n}"
              : IMPORTS + head + "void run() throws Exception {\n" + whole + "\n}}";
    }

    private static String name(String readme, int line) {
      return "Piece_" + readme.replaceAll("[^a-zA-Z]", "_") + line;
    }

    @Override
    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
      return source;
    }

    String place(long lineOfSource) {
      return readme + ":" + (line + lineOfSource - 2);
    }
  }

  private static List<Piece> pieces(String readme) throws IOException {
    List<Piece> pieces = new ArrayList<>();
    List<String> lines = Files.readAllLines(ROOT.resolve(readme));
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).equals("```java")) {
        int end = i + 1 + lines.subList(i + 1, lines.size()).indexOf("```");
        pieces.add(new Piece(readme, i + 2, String.join("\n", lines.subList(i + 1, end))));
      }
    }
    return pieces;
  }

  @Test
  void everyPieceCompiles(@TempDir Path classes) throws Exception {
    List<Piece> pieces = new ArrayList<>();
    for (String readme : READMES) {
      List<Piece> some = pieces(readme);
      assertThat(some).isNotEmpty();
      pieces.addAll(some);
    }
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    DiagnosticCollector<JavaFileObject> said = new DiagnosticCollector<>();
    List<String> options = List.of("-d", classes.toString(), "-proc:none");
    boolean compiled = compiler.getTask(null, null, said, options, null, pieces).call();
    List<String> faults = new ArrayList<>();
    for (Diagnostic<? extends JavaFileObject> each : said.getDiagnostics()) {
      if (each.getKind() == Diagnostic.Kind.ERROR && each.getSource() instanceof Piece piece) {
        faults.add(piece.place(each.getLineNumber()) + ": " + each.getMessage(Locale.ROOT));
      }
    }
    assertThat(faults).isEmpty();
    assertThat(compiled).isTrue();
  }
}
