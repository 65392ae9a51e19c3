package dev.samehost.connection;

/** Which end of the link a connection is. It decides who speaks first and whose ids are odd. */
public enum Side {
  /** The side that made the link: a client of a socket, the parent of a child. */
  CONNECTOR,
  /** The side that was connected to. */
  ACCEPTOR
}
