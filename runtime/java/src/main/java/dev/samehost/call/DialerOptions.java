package dev.samehost.call;

import dev.samehost.wire.Hello;
import java.util.concurrent.Executor;

/**
 * What a dialer is made with.
 *
 * @param address for texts
 * @param hello what this side says, with its limits
 * @param connectTimeoutNanos for making a link
 * @param spinNanos what a link is told as the limit of its spins
 * @param observer is told of connections
 * @param callbacks where {@link Dialer#whenStateChanges} calls back
 * @param serving what is offered to whoever is at the other end of each connection
 */
public record DialerOptions(
    String address,
    Hello hello,
    long connectTimeoutNanos,
    long spinNanos,
    ConnectionObserver observer,
    Executor callbacks,
    Serving serving) {}
