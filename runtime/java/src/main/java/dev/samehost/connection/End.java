package dev.samehost.connection;

/** How a connection ended. */
enum End {
  /** Between two frames: the link ended there, or both sides had drained. */
  CLEAN,
  /** The link ended inside a preface or a frame. */
  TRUNCATED,
  /** The peer's bytes broke a rule, were of another protocol, or of no common version. */
  MALFORMED,
  /** The peer closed the connection by a GOAWAY. */
  GOAWAY,
  /** This side gave up: the link failed, the time was over, the driver said so. */
  FAILED
}
