package dev.samehost.call;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;

/**
 * How the calls of peers are served, whichever side has made the connection: by what, and on which
 * thread. It knows nothing of what calls say.
 */
public final class Serving {
  /** What calls are handed to. */
  public interface Handler {
    /** A call, as the first of its callbacks, on the executor. */
    void serve(ServerStream stream);

    /**
     * Whether a method takes one message and answers with one, and whoever reads may begin to serve
     * it. Asked until it is so, under locks: must not call the user.
     */
    boolean isUnary(String path);

    /** What the surface knows of the method of a path, for bridges; null when there is none. */
    Object method(String path);
  }

  /** Of a side that offers no services. */
  public static final Serving NOTHING =
      new Serving(
          new Handler() {
            @Override
            public void serve(ServerStream stream) {
              stream.unknownMethod();
            }

            @Override
            public boolean isUnary(String path) {
              return false;
            }

            @Override
            public Object method(String path) {
              return null;
            }
          },
          Runnable::run); // there is nothing to do that would take a thread of its own

  private final Handler handler;
  private final Executor executor;
  private final Map<String, Pace> paces = new ConcurrentHashMap<>();

  /**
   * Serving by a handler.
   *
   * @param executor where calls are served; null for the thread that reads them, where that is held
   *     up by no more than it costs to have another one do it
   */
  public Serving(Handler handler, Executor executor) {
    this.handler = handler;
    this.executor = executor;
  }

  /** Where calls are served; null for where their pace allows. */
  Executor executor() {
    return executor;
  }

  /** The pace of a method whose calls may be served by whoever reads; null for another one. */
  Pace pace(String path) {
    Pace known = paces.get(path);
    return known == null && handler.isUnary(path)
        ? paces.computeIfAbsent(path, unary -> new Pace())
        : known;
  }

  Object method(String path) {
    return handler.method(path);
  }

  /** Serves a call: the first of its callbacks, on the executor. */
  void serve(ServerStream stream) {
    handler.serve(stream);
  }
}
