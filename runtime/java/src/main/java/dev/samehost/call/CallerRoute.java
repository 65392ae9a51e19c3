package dev.samehost.call;

import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;

/**
 * The way back to whoever is at the other end of a connection: that connection, and no other one.
 * It keeps no list of its calls, for the connection ends them when it ends.
 */
final class CallerRoute extends Route {
  private final Session session;
  private final SessionOwner owner;

  CallerRoute(Session session, SessionOwner owner) {
    this.session = session;
    this.owner = owner;
  }

  @Override
  public String address() {
    return session.link().peer().address();
  }

  @Override
  LinkException lastFailure() {
    return null;
  }

  @Override
  boolean isClosed() {
    return session.isDraining() || owner.isShutdown();
  }

  @Override
  LinkException whyClosed() {
    return Fault.CALLER_GONE.with(address());
  }

  @Override
  int enter(ClientStream call) {
    return Roster.NOWHERE;
  }

  @Override
  void exit(ClientStream call, int place) {}

  @Override
  Session ready() {
    return isClosed() ? null : session;
  }

  @Override
  void find(ClientStream call) {
    if (isClosed()) {
      call.fail(Outcome.of(whyClosed()));
    } else {
      call.bind(session);
    }
  }
}
