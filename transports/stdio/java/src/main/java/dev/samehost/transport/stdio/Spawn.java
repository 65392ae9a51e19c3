package dev.samehost.transport.stdio;

import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import dev.samehost.transport.posix.Errno;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.NativeMemory;
import dev.samehost.transport.posix.SystemCallException;
import java.io.File;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Starts a program with three given descriptors and no others, by {@code posix_spawn}. The JDK's
 * own {@code Process} would hide the descriptors of its pipes, which a link must wait for.
 *
 * <p>The program inherits nothing by accident: not the JVM's files (the JDK does not open all of
 * them close-on-exec), not its signal mask, not its handling of SIGPIPE.
 */
final class Spawn {
  private static final int SETSIGDEF = 0x04;
  private static final int SETSIGMASK = 0x08;

  /** macOS: every descriptor is close-on-exec but those of the file actions. */
  private static final int CLOEXEC_DEFAULT = 0x4000;

  private static final int SIGPIPE = 13;

  /** More than struct posix_spawnattr_t, posix_spawn_file_actions_t and sigset_t have anywhere. */
  private static final int STRUCT_BYTES = 1024;

  private Spawn() {}

  /**
   * Starts {@code arguments}, the first of which is looked for on the PATH when it has no slash.
   *
   * @param folder where the program starts; empty for the folder of this process
   * @return the child's pid
   * @throws SystemCallException when the program cannot be started, with exec's errno
   */
  static int start(
      List<String> arguments,
      Map<String, String> variables,
      Path folder,
      Fd input,
      Fd output,
      Fd error)
      throws SystemCallException {
    ByteBuffer actions = NativeMemory.zeros(STRUCT_BYTES);
    ByteBuffer attributes = NativeMemory.zeros(STRUCT_BYTES);
    ByteBuffer signals = NativeMemory.zeros(STRUCT_BYTES);
    ByteBuffer path = NativeMemory.text(folder.toString());
    ByteBuffer program = NativeMemory.text(arguments.get(0));
    ByteBuffer pid = NativeMemory.zeros(4);
    Natives.Texts argv = new Natives.Texts();
    arguments.forEach(argument -> argv.add(NativeMemory.text(argument)));
    Natives.Texts environment = environment(variables);
    long actionsAt = NativeMemory.address(actions);
    long attributesAt = NativeMemory.address(attributes);
    check(Natives.posix_spawn_file_actions_init(actionsAt));
    check(Natives.posix_spawnattr_init(attributesAt));
    try {
      check(Natives.posix_spawn_file_actions_adddup2(actionsAt, input.number(), 0));
      check(Natives.posix_spawn_file_actions_adddup2(actionsAt, output.number(), 1));
      check(Natives.posix_spawn_file_actions_adddup2(actionsAt, error.number(), 2));
      if (!folder.toString().isEmpty()) {
        changeFolder(actionsAt, NativeMemory.address(path));
      }
      if (Natives.LINUX) {
        closeOthers(actionsAt);
      }
      long signalsAt = NativeMemory.address(signals);
      Natives.sigemptyset(signalsAt);
      check(Natives.posix_spawnattr_setsigmask(attributesAt, signalsAt));
      Natives.sigaddset(signalsAt, SIGPIPE);
      check(Natives.posix_spawnattr_setsigdefault(attributesAt, signalsAt));
      int flags = SETSIGDEF | SETSIGMASK | (Natives.LINUX ? 0 : CLOEXEC_DEFAULT);
      check(Natives.posix_spawnattr_setflags(attributesAt, (short) flags));
      check(
          Natives.posix_spawnp(
              NativeMemory.address(pid),
              NativeMemory.address(program),
              actionsAt,
              attributesAt,
              argv.address(),
              environment.address()));
      return pid.getInt(0);
    } finally {
      Natives.posix_spawn_file_actions_destroy(actionsAt);
      Natives.posix_spawnattr_destroy(attributesAt);
      Reference.reachabilityFence(List.of(actions, attributes, signals, path, program, pid));
      Reference.reachabilityFence(List.of(argv, environment));
    }
  }

  private static void changeFolder(long actions, long path) throws SystemCallException {
    try {
      check(Natives.ChangeFolder.posix_spawn_file_actions_addchdir_np(actions, path));
    } catch (LinkageError e) {
      throw new SystemCallException("posix_spawn_file_actions_addchdir", Errno.ENOSYS.number());
    }
  }

  private static void closeOthers(long actions) throws SystemCallException {
    try {
      check(Natives.CloseFrom.posix_spawn_file_actions_addclosefrom_np(actions, 3));
    } catch (LinkageError e) {
      // The next best thing: those that are open now. Closing one that is gone is no error.
      for (int number : openDescriptors()) {
        check(Natives.posix_spawn_file_actions_addclose(actions, number));
      }
    }
  }

  private static List<Integer> openDescriptors() {
    List<Integer> numbers = new ArrayList<>();
    String[] names = new File("/proc/self/fd").list();
    for (String name : names == null ? new String[0] : names) {
      int number = Integer.parseInt(name);
      if (number > 2) {
        numbers.add(number);
      }
    }
    return numbers;
  }

  /** This process's environment, byte for byte, with some variables replaced or added. */
  private static Natives.Texts environment(Map<String, String> variables) {
    Natives.Texts environment = new Natives.Texts();
    for (byte[] entry : inherited()) {
      String name = name(entry);
      if (!variables.containsKey(name)) {
        environment.add(NativeMemory.zeros(entry.length + 1).put(entry).clear());
      }
    }
    variables.forEach((name, value) -> environment.add(NativeMemory.text(name + "=" + value)));
    return environment;
  }

  private static String name(byte[] entry) {
    String text = new String(entry, StandardCharsets.UTF_8);
    int equals = text.indexOf('=');
    return equals < 0 ? text : text.substring(0, equals);
  }

  private static List<byte[]> inherited() {
    List<byte[]> entries = new ArrayList<>();
    if (Natives.LINUX) {
      // System.getenv would decode the bytes, and lose those that are no text in this locale.
      Pointer array = NativeLibrary.getProcess().getGlobalVariableAddress("environ").getPointer(0);
      for (long at = 0; array != null && array.getPointer(at) != null; at += Long.BYTES) {
        Pointer entry = array.getPointer(at);
        entries.add(entry.getByteArray(0, (int) entry.indexOf(0, (byte) 0)));
      }
    } else {
      System.getenv()
          .forEach(
              (name, value) -> entries.add((name + "=" + value).getBytes(StandardCharsets.UTF_8)));
    }
    return entries;
  }

  /** Whether a folder to start in is there; the failure of a start would not tell what is not. */
  static boolean isFolder(Path folder) {
    return folder.toString().isEmpty() || Files.isDirectory(folder);
  }

  private static void check(int errno) throws SystemCallException {
    if (errno != 0) {
      throw new SystemCallException("posix_spawn", errno);
    }
  }
}
