package dev.samehost.transport.posix;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Memory outside the heap, for system calls, and where it is. It loads no function of the C
 * library.
 */
public final class NativeMemory {
  private NativeMemory() {}

  /** {@code bytes} bytes of zeros, in the order of this machine. */
  public static ByteBuffer zeros(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
  }

  /** A text as C wants it: in UTF-8, with a zero behind it. */
  public static ByteBuffer text(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return zeros(bytes.length + 1).put(bytes).clear();
  }

  /**
   * Where a direct buffer begins. The caller keeps the buffer reachable while this is used: a
   * number keeps nothing from being freed.
   */
  public static long address(ByteBuffer direct) {
    return Pointer.nativeValue(Native.getDirectBufferPointer(direct));
  }
}
