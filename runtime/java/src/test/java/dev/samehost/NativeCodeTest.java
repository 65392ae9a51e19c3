package dev.samehost;

import static com.google.common.truth.Truth.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where the native code of JNA or Netty cannot be unpacked, errors say so, and how to go on. */
final class NativeCodeTest {
  @TempDir Path folder;

  @Test
  void everyTransportSaysEachTimeThatItIsJnaAndWhichFolderToChoose() throws Exception {
    String socket = folder.resolve("a.sock").toString();
    List<String> addresses =
        List.of(
            "unix:" + socket,
            "unix:" + socket,
            "unix-abstract:a",
            "shm:" + socket,
            "tcp:127.0.0.1:0",
            "stdio:");
    List<String> said = run("-Djna.tmpdir=/proc/none", addresses);
    assertThat(said).hasSize(addresses.size());
    for (int i = 0; i < said.size(); i++) {
      assertThat(said.get(i))
          .startsWith("address " + addresses.get(i) + ": JNA cannot load its native code: ");
      assertThat(said.get(i)).contains("/proc/none");
      assertThat(said.get(i)).contains("(-Djna.tmpdir=FOLDER chooses another one)");
    }
  }

  @Test
  void aServerSaysThatItIsNettyAndWhichFolderToChoose() throws Exception {
    List<String> said =
        run("-Dio.netty.native.workdir=/proc/none", List.of("unix:" + folder.resolve("a.sock")));
    assertThat(said).hasSize(1);
    assertThat(said.get(0)).contains(": Netty cannot load its native code: ");
    assertThat(said.get(0)).contains("(-Dio.netty.native.workdir=FOLDER chooses another one)");
  }

  private static List<String> run(String option, List<String> addresses) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                option,
                "-cp",
                System.getProperty("java.class.path"),
                Program.class.getName()));
    command.addAll(addresses);
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    try {
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return said.lines().toList();
    } finally {
      process.destroyForcibly();
    }
  }

  /** Starts a server at each address, and prints why that fails. */
  static final class Program {
    public static void main(String[] addresses) {
      for (String address : addresses) {
        try {
          SamehostServerBuilder.forAddress(address).build().start();
          System.out.println("started");
        } catch (Exception | LinkageError e) {
          System.out.println(e.getMessage());
        }
      }
      System.exit(0);
    }
  }
}
