package dev.samehost;

/** The schemes of samehost's addresses, one by one, as gRPC finds them; nobody else needs them. */
public final class SamehostSchemes {
  private SamehostSchemes() {}

  /** {@code shm:}. */
  public static final class Shm extends SchemeProvider {
    /** For {@link java.util.ServiceLoader}. */
    public Shm() {
      super("shm");
    }
  }

  /** {@code unix:}. */
  public static final class Unix extends SchemeProvider {
    /** For {@link java.util.ServiceLoader}. */
    public Unix() {
      super("unix");
    }
  }

  /** {@code unix-abstract:}. */
  public static final class UnixAbstract extends SchemeProvider {
    /** For {@link java.util.ServiceLoader}. */
    public UnixAbstract() {
      super("unix-abstract");
    }
  }

  /** {@code tcp:}. */
  public static final class Tcp extends SchemeProvider {
    /** For {@link java.util.ServiceLoader}. */
    public Tcp() {
      super("tcp");
    }
  }

  /** {@code fifo:}. */
  public static final class Fifo extends SchemeProvider {
    /** For {@link java.util.ServiceLoader}. */
    public Fifo() {
      super("fifo");
    }
  }

  /** {@code stdio:}. */
  public static final class Stdio extends SchemeProvider {
    /** For {@link java.util.ServiceLoader}. */
    public Stdio() {
      super("stdio");
    }
  }
}
