package dev.samehost.transport.stdio;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import dev.samehost.transport.posix.NativeMemory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** The functions of the C library for processes, by JNA's direct mapping. */
final class Natives {
  static final boolean LINUX = Platform.isLinux();

  static {
    Native.register(Natives.class, NativeLibrary.getProcess());
  }

  private Natives() {}

  // These answer an errno, and leave the thread's own alone.

  static native int posix_spawnp(
      long pid, long program, long actions, long attributes, long arguments, long environment);

  static native int posix_spawn_file_actions_init(long actions);

  static native int posix_spawn_file_actions_destroy(long actions);

  static native int posix_spawn_file_actions_adddup2(long actions, int from, int to);

  static native int posix_spawn_file_actions_addclose(long actions, int fd);

  static native int posix_spawnattr_init(long attributes);

  static native int posix_spawnattr_destroy(long attributes);

  static native int posix_spawnattr_setflags(long attributes, short flags);

  static native int posix_spawnattr_setsigdefault(long attributes, long signals);

  static native int posix_spawnattr_setsigmask(long attributes, long signals);

  // These answer -1 and set the thread's errno.

  static native int sigemptyset(long signals);

  static native int sigaddset(long signals, int signal);

  static native int waitid(int kind, int id, long info, int options);

  static native int waitpid(int pid, long status, int options);

  static native int kill(int pid, int signal);

  /** A function that C libraries of before 2018 do not have. */
  static final class ChangeFolder {
    static {
      Native.register(ChangeFolder.class, NativeLibrary.getProcess());
    }

    private ChangeFolder() {}

    static native int posix_spawn_file_actions_addchdir_np(long actions, long path);
  }

  /** A function that only glibc has, since 2021. */
  static final class CloseFrom {
    static {
      Native.register(CloseFrom.class, NativeLibrary.getProcess());
    }

    private CloseFrom() {}

    static native int posix_spawn_file_actions_addclosefrom_np(long actions, int fd);
  }

  /** Functions that only Linux has. */
  static final class Linux {
    private static final long PIDFD_OPEN = 434;

    static {
      Native.register(Linux.class, NativeLibrary.getProcess());
    }

    private Linux() {}

    static native long syscall(long number, long first, long second);

    static int pidfdOpen(long pid) {
      return (int) syscall(PIDFD_OPEN, pid, 0);
    }
  }

  /** An array of texts as C wants it, with a null behind it; keeps the texts reachable. */
  static final class Texts {
    private final List<ByteBuffer> texts = new ArrayList<>();
    private ByteBuffer array;

    void add(ByteBuffer text) {
      texts.add(text);
    }

    long address() {
      array = NativeMemory.zeros((texts.size() + 1) * Long.BYTES);
      for (ByteBuffer text : texts) {
        array.putLong(NativeMemory.address(text));
      }
      return NativeMemory.address(array.clear());
    }
  }
}
