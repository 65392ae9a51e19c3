/**
 * One connection and its streams as state machines: bytes in, events out. Nothing here does I/O,
 * knows a clock, a thread or a lock, or anything of {@code dev.samehost.call}, which drives it.
 * What is public here is for that; it is no API and may change with every version.
 */
package dev.samehost.connection;
