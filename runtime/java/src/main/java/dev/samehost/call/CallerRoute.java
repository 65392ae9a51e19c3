package dev.samehost.call;

import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;

/**
 * The way back to whoever is at the other end of a connection: that connection, and no other one.
 * It keeps no list of its calls, for the connection ends them when it ends.
 */
final class CallerRoute extends Route {
  private final Driver driver;
  private final Driver.Owner owner;

  CallerRoute(Driver driver, Driver.Owner owner) {
    this.driver = driver;
    this.owner = owner;
  }

  @Override
  public String address() {
    return driver.link().peer().address();
  }

  @Override
  LinkException lastFailure() {
    return null;
  }

  @Override
  boolean isClosed() {
    return driver.isDraining() || owner.isShutdown();
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
  Driver ready() {
    return isClosed() ? null : driver;
  }

  @Override
  void find(ClientStream call) {
    if (isClosed()) {
      call.fail(Outcome.of(whyClosed()));
    } else {
      call.bind(driver);
    }
  }
}
