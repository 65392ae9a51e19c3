package dev.samehost.transport.unix;

import dev.samehost.transport.LinkException;

/**
 * The place at which a listener listens: it is claimed, a socket is bound, and the place is
 * published. It holds no socket itself, and removes no more than it made.
 */
interface Endpoint extends AutoCloseable {
  /**
   * Makes the place this listener's, and answers the path to bind to: one beginning with a zero is
   * an abstract name.
   *
   * @throws LinkException with what went wrong; nothing is left behind then
   */
  String claim() throws LinkException;

  /**
   * Lets clients find the socket, which is bound and listens by now.
   *
   * @throws LinkException with what went wrong; nothing is left behind then
   */
  void publish() throws LinkException;

  /** The fault for a {@code bind} that failed. */
  LinkException bindFailure(int errno);

  /** Takes the place away from clients. May be repeated, and called when nothing was made. */
  @Override
  void close();
}
