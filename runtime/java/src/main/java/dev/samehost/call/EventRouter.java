package dev.samehost.call;

import dev.samehost.connection.Connection;
import dev.samehost.connection.Event;
import dev.samehost.connection.Stream;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Hands the events of a {@link Connection} to its streams and to its owner, and keeps the calls
 * that wait to be opened. Used under the session's lock: it only takes note of what is to be told.
 */
final class EventRouter implements Event.Sink {
  private final Session session;
  private final SessionOwner owner;
  private final Link link;
  private final Serving serving;
  private final Set<ClientStream> waiting = new LinkedHashSet<>();
  private final List<ClientStream> lost = new ArrayList<>();
  private final List<ServerStream> orphans = new ArrayList<>();
  private LinkException why; // they were lost; null until that is known
  private long sent; // before that, in bytes
  private boolean opening;
  private int callsOfPeer;

  // Of the peer's last call, which is mostly like the next one.
  private String lastPath;
  private Pace lastPace;

  // Read anywhere.
  private volatile boolean helloArrived;
  private volatile boolean draining;
  private volatile boolean over;

  EventRouter(Session session, SessionOwner owner, Link link) {
    this.session = session;
    this.owner = owner;
    this.link = link;
    this.serving = owner.serving();
  }

  boolean helloArrived() {
    return helloArrived;
  }

  boolean isDraining() {
    return draining;
  }

  boolean isOver() {
    return over;
  }

  // ---- events

  @Override
  public void take(Event event) {
    if (event instanceof Event.Message message) {
      stream(message.stream()).message(session, message);
    } else if (event instanceof Event.Answer answer) {
      stream(answer.stream()).answer(session, answer);
    } else if (event instanceof Event.Status status) {
      stream(status.stream()).status(session, status);
    } else if (event instanceof Event.Headers headers) {
      stream(headers.stream()).headers(session, headers);
    } else if (event instanceof Event.Opened opened) {
      opened(opened);
    } else if (event instanceof Event.HalfClosed closed) {
      stream(closed.stream()).halfClosed(session);
    } else if (event instanceof Event.Finished finished) {
      stream(finished.stream()).finished(session);
    } else if (event instanceof Event.Ready ready) {
      stream(ready.stream()).ready(session);
    } else if (event instanceof Event.Reset reset) {
      reset(reset);
    } else if (event instanceof Event.HelloReceived hello) {
      helloArrived = true;
      link.peerSaidHello(hello.peer().pid(), hello.peer().pidNamespace());
      session.afterwards(() -> owner.ready(session));
    } else if (event instanceof Event.GoAway) {
      drain();
    } else if (event instanceof Event.Closed) {
      over = true;
      drain();
      session.afterwards(session::wakeAll);
    }
  }

  private static StreamEvents stream(Stream stream) {
    return (StreamEvents) stream.attachment();
  }

  /** How many calls the peer has opened. By the reader. */
  int callsOfPeer() {
    return callsOfPeer;
  }

  private void opened(Event.Opened opened) {
    callsOfPeer++;
    boolean alone = session.openStreams() == 1;
    ServerStream stream =
        new ServerStream(session, opened, serving.executor(), pace(opened.path()), alone);
    opened.stream().attach(stream);
    stream.attend(session);
    stream.callbacks().first(() -> owner.serve(stream));
    session.start(stream.callbacks());
    Event.Message whole = Connection.takeWholeRequest(opened.stream());
    if (whole != null) {
      stream.cameWhole(whole);
    }
  }

  @SuppressWarnings("ReferenceEquality") // a method that is bound has one path
  private Pace pace(String path) {
    if (path != lastPath) {
      lastPath = path;
      lastPace = serving.pace(path);
    }
    return lastPace;
  }

  private void reset(Event.Reset reset) {
    if (reset.cause() != Event.Cause.CONNECTION) {
      stream(reset.stream()).reset(session, reset);
    } else if (reset.stream().attachment() instanceof ClientStream stream) {
      // Only the transport may know why; it is asked when no lock is held.
      stream.ended(session);
      if (why == null) {
        lost.add(stream);
      } else { // its messages have waited until now
        session.afterwards(() -> stream.lost(why, sent));
      }
    } else if (reset.stream().attachment() instanceof ServerStream stream) {
      orphans.add(stream);
    }
  }

  /** No more calls can be opened: those that wait for that look for another connection. */
  void drain() {
    if (!draining) {
      draining = true;
      session.afterwards(() -> owner.draining(session));
    }
    for (ClientStream stream : waiting) {
      session.afterwards(() -> stream.bind(session)); // which is draining now
    }
    waiting.clear();
  }

  // ---- calls

  /**
   * The calls whose connection ended, without those that have messages to deliver first.
   *
   * @param why those are told, too, in their turn
   * @param sent how many bytes went out before
   */
  List<ClientStream> lost(LinkException why, long sent) {
    this.why = why;
    this.sent = sent;
    return List.copyOf(lost);
  }

  /** The calls of the peer's whose connection ended. */
  List<ServerStream> orphans() {
    return List.copyOf(orphans);
  }

  /** The calls of the peer's that are open. */
  List<ServerStream> served(Connection connection) {
    List<ServerStream> served = new ArrayList<>();
    connection.forEachStream(
        stream -> {
          if (stream.attachment() instanceof ServerStream call) {
            served.add(call);
          }
        });
    return served;
  }

  /** The call opens once the peer takes one more. */
  void await(ClientStream stream) {
    waiting.add(stream);
  }

  /** No longer waits to be opened. */
  void forget(ClientStream stream) {
    waiting.remove(stream);
  }

  /** Has calls opened that waited, if there is room now. */
  void openWaiting(Connection connection) {
    if (!opening && !waiting.isEmpty() && connection.canOpen()) {
      opening = true;
      session.afterwards(this::openAll);
    }
  }

  /** Without the lock. A loop: one opening must not nest the next. */
  private void openAll() {
    ClientStream[] next = new ClientStream[1];
    do {
      session.perform(c -> next[0] = nextToOpen(c));
      if (next[0] != null) {
        next[0].bind(session);
      }
    } while (next[0] != null);
  }

  private ClientStream nextToOpen(Connection connection) {
    opening = !waiting.isEmpty() && connection.canOpen();
    if (!opening) {
      return null;
    }
    Iterator<ClientStream> first = waiting.iterator();
    ClientStream next = first.next();
    first.remove();
    return next;
  }
}
