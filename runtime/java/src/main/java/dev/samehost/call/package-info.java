/**
 * Calls over connections. {@link dev.samehost.call.Connection} and what it consists of is pure:
 * bytes in, events out. {@link dev.samehost.call.Driver} gives it threads, clocks and links. What
 * is public here is for the surfaces above; it is no API and may change with every version.
 */
package dev.samehost.call;
