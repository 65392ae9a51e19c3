package dev.samehost.call;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Finds the handles by which a class changes volatile fields of its own atomically. Each call has
 * half a dozen of such fields: as objects of {@code java.util.concurrent.atomic} they would all be
 * allocated with it, and under G1 each reference to one would be stored with a barrier.
 */
public final class VarHandles {
  private VarHandles() {}

  /** The handle of a field of a class of this library. */
  public static VarHandle of(Class<?> owner, String field, Class<?> type) {
    try {
      return MethodHandles.privateLookupIn(owner, MethodHandles.lookup())
          .findVarHandle(owner, field, type);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }
}
