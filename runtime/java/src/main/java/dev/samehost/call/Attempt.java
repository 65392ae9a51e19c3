package dev.samehost.call;

import dev.samehost.connection.Settings;
import dev.samehost.connection.Side;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import java.util.concurrent.ThreadFactory;
import java.util.function.Consumer;

/**
 * A try to connect, on a thread of its own, which then reads the connection when no caller does. It
 * leaves no link behind when it fails, and keeps no state.
 *
 * @param made is told of the connection before it is read
 * @param failed is told why there is none
 */
record Attempt(
    Connector connector,
    DialerOptions options,
    SessionOwner owner,
    Consumer<Session> made,
    Consumer<LinkException> failed) {

  void begin(ThreadFactory threads) {
    try {
      threads.newThread(this::connect).start();
    } catch (RuntimeException | Error e) {
      failed.accept(Fault.CONNECT_FAILED.causedBy(e, options.address(), "starting a thread", e));
    }
  }

  private void connect() {
    Session session;
    try {
      Settings settings =
          Settings.of(options.address(), options.hello()).withNoise(connector.noiseLimit());
      long patience = connector.helloTimeoutNanos();
      Link link = connector.connect(options.connectTimeoutNanos());
      session = Session.of(link, options.spinNanos(), Side.CONNECTOR, settings, patience, owner);
    } catch (LinkException e) {
      failed.accept(e);
      return;
    } catch (RuntimeException | Error e) {
      failed.accept(Fault.CONNECT_FAILED.causedBy(e, options.address(), "the transport", e));
      return;
    }
    made.accept(session);
    session.background().run();
  }
}
