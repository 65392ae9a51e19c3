/**
 * Calls over connections: who reads, who runs handlers, who makes connections and ends them. {@link
 * dev.samehost.call.Session} gives a {@link dev.samehost.connection.Connection} threads, clocks and
 * a link. What is public here is for the surfaces above; it is no API and may change with every
 * version.
 */
package dev.samehost.call;
