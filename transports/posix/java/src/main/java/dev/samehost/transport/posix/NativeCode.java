package dev.samehost.transport.posix;

import com.sun.jna.Native;
import dev.samehost.transport.Address;
import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;

/**
 * Whether this process can call the C library at all: JNA unpacks native code of its own for that,
 * and not every folder, nor every JVM, lets it be loaded.
 */
public final class NativeCode {
  /** Why it cannot; null where it can. */
  private static final String OBSTACLE = obstacle();

  private NativeCode() {}

  /**
   * Does nothing where it can. Asked before anything else that needs it: the JVM tells the reason
   * once, and later only that a class could not be initialized.
   */
  public static void require(Address address) throws LinkException {
    if (OBSTACLE != null) {
      throw Fault.NATIVE_CODE_MISSING.with(address, "JNA", OBSTACLE, "-Djna.tmpdir=FOLDER");
    }
  }

  private static String obstacle() {
    try {
      Native.getLastError(); // any function at all: what counts is that the class is initialized
      return null;
    } catch (ExceptionInInitializerError e) {
      return e.getCause().toString();
    } catch (LinkageError e) {
      return e.getMessage();
    }
  }
}
