package dev.samehost.interop.suite;

/** Something is not as a case expects it; the message says what. */
public final class Mismatch extends Exception {
  private static final long serialVersionUID = 1;

  /** With what was expected and what was found. */
  public Mismatch(String message) {
    super(message);
  }

  /** Says so unless it holds. */
  public static void unless(boolean holds, String message) throws Mismatch {
    if (!holds) {
      throw new Mismatch(message);
    }
  }
}
