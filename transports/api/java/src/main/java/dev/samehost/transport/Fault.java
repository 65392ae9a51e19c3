package dev.samehost.transport;

/**
 * The catalogue of faults: for each its gRPC status code and the text that a person reads. The same
 * catalogue stands in {@code proto/vectors/faults.json} and in every language; a test compares
 * them. Placeholders are filled in the order in which they stand.
 */
public enum Fault {
  ADDRESS_MALFORMED(
      Code.INVALID_ARGUMENT,
      "address {address}: {reason}. An address is SCHEME:REST, for example unix:/run/app.sock, tcp:127.0.0.1:4000 or stdio:python3 worker.py."),
  SCHEME_UNKNOWN(
      Code.INVALID_ARGUMENT,
      "address {address}: no transport has the scheme {scheme}; found: {schemes}. Is it spelled right? In Java: is its artifact on the class path, and META-INF/services merged where all is one jar?"),
  PATH_TOO_LONG(
      Code.INVALID_ARGUMENT,
      "address {address}: the path of the socket has {bytes} bytes, and the system takes at most {limit}. Choose a shorter one, for example in /tmp or $XDG_RUNTIME_DIR."),
  NATIVE_CODE_MISSING(
      Code.FAILED_PRECONDITION,
      "address {address}: {library} cannot load its native code: {error}. Is the folder that it is unpacked to writable and not mounted noexec ({option} chooses another one), and does the JVM allow it (--enable-native-access=ALL-UNNAMED)?"),
  LISTEN_IN_USE(
      Code.ALREADY_EXISTS,
      "listening on {address}: the address is in use, a live server answers there. Stop it first, or choose another address."),
  LISTEN_NOT_A_SOCKET(
      Code.FAILED_PRECONDITION,
      "listening on {address}: {path} exists and is no socket, so it is left alone. Remove it, or choose another address."),
  LISTEN_NO_FOLDER(
      Code.FAILED_PRECONDITION,
      "listening on {address}: there is no folder {folder} (ENOENT). Make it first."),
  LISTEN_PERMISSION(
      Code.PERMISSION_DENIED,
      "listening on {address}: no permission to write in {folder} (EACCES). Run as a user who may, or choose another address."),
  LISTEN_FAILED(Code.UNAVAILABLE, "listening on {address}: {operation} failed: {error}."),
  LISTEN_NOT_A_FIFO(
      Code.FAILED_PRECONDITION,
      "listening on {address}: {path} exists and is no FIFO of this user, so it is left alone. Remove it, or choose another address."),
  LISTEN_PORT_PERMISSION(
      Code.PERMISSION_DENIED,
      "listening on {address}: no permission to take port {port} (EACCES). Low ports are for privileged users: choose a higher one, or 0 for any that is free."),
  LISTEN_NOT_OF_THIS_HOST(
      Code.FAILED_PRECONDITION,
      "listening on {address}: {ip} is no address of this host (EADDRNOTAVAIL). Choose one that is, for example 127.0.0.1."),
  STDIO_TERMINAL(
      Code.FAILED_PRECONDITION,
      "listening on stdio: standard {stream} is a terminal, but a host's pipe is needed. Start this program from a host, with the address stdio:COMMAND."),
  STDIO_TAKEN(
      Code.FAILED_PRECONDITION,
      "listening on stdio: this process serves on its standard input and output already. A process has only one pair."),
  STDIO_ENDED(
      Code.UNAVAILABLE,
      "listening on stdio: the host has ended the connection, and a process serves one host and no other."),

  CONNECT_NO_SUCH_FILE(
      Code.UNAVAILABLE,
      "connecting to {address}: no such file (ENOENT). Is the server running? It creates this socket when it starts, and has to be started again where the file was removed."),
  CONNECT_REFUSED(
      Code.UNAVAILABLE,
      "connecting to {address}: connection refused (ECONNREFUSED). The socket is there, but no server listens on it: it has probably died. Start it again, it will take the path over."),
  CONNECT_NOT_A_SOCKET(
      Code.UNAVAILABLE, "connecting to {address}: {path} is no socket. Is it the right address?"),
  CONNECT_PERMISSION(
      Code.UNAVAILABLE,
      "connecting to {address}: permission denied (EACCES). The socket belongs to another user, or a folder above it is closed to this one."),
  CONNECT_TIMEOUT(
      Code.UNAVAILABLE,
      "connecting to {address}: not accepted within {seconds} s. The server is there but takes no connections: is it stopped or overloaded?"),
  CONNECT_FAILED(Code.UNAVAILABLE, "connecting to {address}: {operation} failed: {error}."),
  CONNECT_NO_SUCH_FIFO(
      Code.UNAVAILABLE,
      "connecting to {address}: no such file (ENOENT). Is the server running? It creates this FIFO when it starts, and has to be started again where the file was removed."),
  CONNECT_FIFO_UNREAD(
      Code.UNAVAILABLE,
      "connecting to {address}: nobody reads it (ENXIO). The FIFO is there, but no server holds it: it has probably died. Start it again, it will take the FIFO over."),
  CONNECT_NOT_A_FIFO(
      Code.UNAVAILABLE,
      "connecting to {address}: {path} is no FIFO of this user. Is it the right address? A server on a FIFO and its clients run as one user."),
  CONNECT_FIFO_PERMISSION(
      Code.UNAVAILABLE,
      "connecting to {address}: {operation} failed: permission denied (EACCES). A client must be of the server's user, and makes two FIFOs of its own in the same folder."),
  CONNECT_PORT_CLOSED(
      Code.UNAVAILABLE,
      "connecting to {address}: connection refused (ECONNREFUSED) by {endpoint}. Nobody listens there: is the server running, and at this address?"),
  CONNECT_UNREACHABLE(
      Code.UNAVAILABLE,
      "connecting to {address}: there is no way to {endpoint}: {error}. Is the network up, and is the address right?"),
  CONNECT_UNANSWERED(
      Code.UNAVAILABLE,
      "connecting to {address}: no answer from {endpoint} within {seconds} s (ETIMEDOUT). Is the server stopped or overloaded, or does a firewall drop what is sent there?"),
  HOST_UNKNOWN(
      Code.UNAVAILABLE,
      "address {address}: no host has the name {host}. Is it spelled right, and known to this host's resolver (/etc/hosts, DNS)?"),
  PLAIN_TEXT_BEYOND_HOST(
      Code.INVALID_ARGUMENT,
      "address {address}: {ip} is no loopback address, and what goes over tcp is plain text that anyone on the way can read and change. Choose a loopback address such as 127.0.0.1, or set the option plain_text_beyond_host of TcpOptions on this side."),
  TLS_NOT_TAKEN(
      Code.INVALID_ARGUMENT,
      "address {address}: credentials for TLS are for tcp: addresses. What goes over {scheme}: stays on this host, and the system says who connects. Leave the credentials out, or choose a tcp: address."),
  TLS_CREDENTIALS(
      Code.INVALID_ARGUMENT,
      "address {address}: the credentials for TLS cannot be used: {reason}. They are texts in PEM: certificates, and a private key in PKCS #8 that belongs to the first of them."),
  SPAWN_FAILED(
      Code.UNAVAILABLE,
      "connecting to {address}: cannot start {program}: {error}. Is it on the PATH, and executable?"),
  NO_DESCRIPTORS(
      Code.UNAVAILABLE,
      "{address}: {operation} failed: {error}. This process has as many open as it may, and can neither connect nor accept until it closes some. Is its limit too low (ulimit -n), or does it leak them?"),
  PEER_HTTP2(
      Code.UNAVAILABLE,
      "{address}: the peer speaks HTTP/2 (gRPC?), not the samehost wire. Use samehost on both sides, or a unix: or tcp: address and HTTP/2 on this side as well: the artifact samehost-http2 in Java, the feature http2 in Rust."),
  PEER_HTTP1(
      Code.UNAVAILABLE,
      "{address}: the peer speaks HTTP/1, not the samehost wire. Use samehost on both sides, or have this server take JSON as well: the artifact samehost-json in Java, the feature json in Rust."),
  TLS_EXPECTED(
      Code.UNAVAILABLE,
      "{address}: plain text came, and this server takes TLS alone. Give the channel credentials."),
  PEER_TLS(
      Code.UNAVAILABLE,
      "{address}: the peer speaks TLS, and this server has no credentials for it. Give it some, or leave them out of the channel."),
  TLS_NOT_SPOKEN(
      Code.UNAVAILABLE,
      "connecting to {address}: the server does not speak TLS: {reason}. Give the server credentials, or leave them out of the channel."),
  TLS_UNTRUSTED(
      Code.UNAVAILABLE,
      "{address}: the certificate of the peer is not accepted: {reason}. Is it signed by an authority that this side trusts, valid today, and for the name in the address?"),
  TLS_REFUSED(
      Code.UNAVAILABLE,
      "{address}: the peer ended TLS with the alert {alert}. Does it want a certificate of this side, and trust the one that it got?"),
  TLS_FAILED(Code.UNAVAILABLE, "{address}: TLS failed: {reason}."),
  PEER_NONSENSE(
      Code.UNAVAILABLE,
      "{address}: the peer does not speak the samehost wire; its first bytes are {bytes}. Is it the right address?"),
  PEER_SILENT(
      Code.UNAVAILABLE,
      "{address}: the peer said no HELLO within {seconds} s. Is it a samehost server, and not stopped or overloaded?"),
  PEER_GONE_BEFORE_HELLO(
      Code.UNAVAILABLE,
      "{address}: the peer ended the connection before it said HELLO. Does the server's log say why?"),
  VERSION_MISMATCH(
      Code.UNAVAILABLE,
      "{address}: no common version of the wire: this side speaks {min} to {max}, the peer ({implementation}) {peer_min} to {peer_max}. Update the older side."),
  PEER_REFUSED(Code.PERMISSION_DENIED, "{address}: the server turned this process away: {reason}"),
  USER_REFUSED(
      Code.PERMISSION_DENIED,
      "{address}: the peer with pid {pid} is of user {uid}, but only user {expected} may connect. Allow others on the listening side."),
  SHM_FALLBACK(
      Code.UNAVAILABLE,
      "{address}: no shared memory ({reason}), so this connection stays on the Unix socket, which is several times slower. Everything else works as before."),
  SHM_STRICT(
      Code.UNAVAILABLE,
      "connecting to {address}: no shared memory ({reason}), and the option strict forbids the Unix socket instead."),
  SHM_NOT_SERVED(
      Code.UNIMPLEMENTED,
      "the server has no shared memory to give: the package samehost-transport-shm is not there"),
  SHM_VERSION(
      Code.UNIMPLEMENTED,
      "the server speaks version {version} of the agreement on shared memory, and the client up to {offered}"),
  SHM_MEMORY(Code.RESOURCE_EXHAUSTED, "the server's {operation} failed: {error}"),
  SHM_UNUSABLE(Code.FAILED_PRECONDITION, "the memory of the server {why}"),
  CLIENT_REFUSED(
      Code.PERMISSION_DENIED,
      "{address}: somebody who wanted to connect was turned away: {reason}."),
  CHILD_GONE_BEFORE_HELLO(
      Code.UNAVAILABLE,
      "{address}: the child (pid {pid}) {ended} before it said HELLO. Its standard output: {skipped}. Its last lines on stderr: {stderr}"),
  CHILD_SILENT(
      Code.UNAVAILABLE,
      "{address}: the child (pid {pid}) said no HELLO within {seconds} s. Does it serve stdio:? Its standard output: {skipped}. Its last lines on stderr: {stderr}"),
  CHILD_NOISE(
      Code.UNAVAILABLE,
      "{address}: the child (pid {pid}) printed {bytes} bytes to standard output and no HELLO. Does it serve stdio:? Its standard output: {skipped}. Its last lines on stderr: {stderr}"),
  CHILD_GONE(
      Code.UNAVAILABLE,
      "{address}: the child (pid {pid}) {ended} with calls open. Its last lines on stderr: {stderr}"),
  CHILD_CLOSED(
      Code.UNAVAILABLE,
      "{address}: the child (pid {pid}) closed its standard output with calls open and still runs. Its last lines on stderr: {stderr}"),
  LINK_ENDED(
      Code.UNAVAILABLE,
      "{address}: the peer ended the connection with calls open. Did its process die?"),
  LINK_TRUNCATED(
      Code.UNAVAILABLE,
      "{address}: the connection ended in the middle of a frame. Did the peer's process die?"),
  LINK_FAILED(
      Code.UNAVAILABLE, "{address}: {operation} failed: {error}. Did the peer's process die?"),
  LINK_CLOSED(Code.UNAVAILABLE, "{address}: this side has closed the connection."),
  MALFORMED(
      Code.INTERNAL,
      "{address}: the peer broke the wire's rules ({code}): {reason}. The connection was closed."),
  PEER_GOAWAY(Code.INTERNAL, "{address}: the peer closed the connection ({code}): {reason}."),
  PEER_DRAINING(Code.UNAVAILABLE, "{address}: the peer is shutting down and takes no new calls."),
  CHANNEL_SHUTDOWN(Code.UNAVAILABLE, "{address}: the channel was shut down."),
  CALLER_GONE(
      Code.UNAVAILABLE,
      "calling back over {address}: the connection has ended, or takes no more calls. A call back goes over the connection that its caller made, and there is no other way to it. The next call of that caller brings a new one."),
  SERVER_SHUTDOWN(Code.UNAVAILABLE, "{address}: the server was shut down."),
  FORKED(
      Code.UNAVAILABLE,
      "this belongs to the process that the present one was forked from. Make a new channel or server here."),
  MESSAGE_TOO_LARGE(
      Code.RESOURCE_EXHAUSTED,
      "the message of {bytes} bytes exceeds maximum of {limit} bytes that the {side} takes. Raise the {option} there."),
  MESSAGE_INFLATED(
      Code.RESOURCE_EXHAUSTED,
      "the decompressed message exceeds maximum of {limit} bytes that the {side} takes. Raise the {option} there."),
  METADATA_TOO_LARGE(
      Code.RESOURCE_EXHAUSTED,
      "metadata of {bytes} bytes exceeds maximum of {limit} bytes that the {side} takes. Raise the {option} there."),
  TOO_MANY_STREAMS(
      Code.RESOURCE_EXHAUSTED, "more than {limit} calls are open at once on this connection."),
  METHOD_UNKNOWN(Code.UNIMPLEMENTED, "Method not found: {method}"),
  ENCODING_UNKNOWN(
      Code.UNIMPLEMENTED,
      "the message is compressed by {encoding}, which this side does not know."),
  DEADLINE_EXCEEDED(
      Code.DEADLINE_EXCEEDED, "deadline exceeded after {elapsed} s. [{address}: {waiting}]"),
  DEADLINE_UNCONNECTED(
      Code.DEADLINE_EXCEEDED,
      "deadline exceeded after {elapsed} s. [{address}: waiting for a connection, as the last try failed: {reason}]"),
  NOT_TRIED(
      Code.UNAVAILABLE,
      "{reason} [{address}: so the last try ended. This call was not sent: the next try is in {seconds} s.]"),
  CALL_CANCELLED(Code.CANCELLED, "the call was cancelled by its caller: {reason}"),
  HANDLER_FAILED(Code.UNKNOWN, "Application error processing RPC"),
  MESSAGE_MISSING(Code.INTERNAL, "{side} ended a unary call without a message."),
  MESSAGE_SURPLUS(Code.INTERNAL, "{side} sent more than one message in a unary call."),
  METADATA_INVALID(Code.INTERNAL, "metadata {key}: {reason}."),
  BODY_MALFORMED(
      Code.INTERNAL, "the application's body is not in gRPC's framing of messages: {reason}."),
  STREAM_RESET(Code.INTERNAL, "{address}: the peer has reset the call's stream: {reason}."),
  MESSAGE_UNDECODABLE(Code.INTERNAL, "the message of {side} cannot be decoded: {reason}."),
  MESSAGE_UNENCODABLE(Code.INTERNAL, "the message of {side} cannot be encoded: {reason}."),
  REQUESTS_FAILED(Code.UNKNOWN, "the client's stream of requests failed: {reason}."),
  CREDENTIALS_FAILED(Code.UNAVAILABLE, "the credentials of the call failed: {reason}."),
  TOO_MANY_CALLS(
      Code.RESOURCE_EXHAUSTED, "the server runs {limit} calls already and takes no more at once.");

  private final Code code;
  private final String template;

  Fault(Code code, String template) {
    this.code = code;
    this.template = template;
  }

  /** The gRPC status code that a call fails with by this fault. */
  public Code code() {
    return code;
  }

  /** The text with its placeholders, for the test that compares the catalogues. */
  String template() {
    return template;
  }

  /**
   * The text with the placeholders filled in.
   *
   * @throws IllegalArgumentException when there are not as many values as placeholders
   */
  public String text(Object... values) {
    StringBuilder text = new StringBuilder();
    int at = 0;
    for (Object value : values) {
      int open = template.indexOf('{', at);
      if (open < 0) {
        throw new IllegalArgumentException("too many values for " + this);
      }
      text.append(template, at, open).append(value);
      at = template.indexOf('}', open) + 1;
    }
    if (template.indexOf('{', at) >= 0) {
      throw new IllegalArgumentException("too few values for " + this);
    }
    return text.append(template, at, template.length()).toString();
  }

  /** An exception of this fault, its placeholders filled in. */
  public LinkException with(Object... values) {
    return new LinkException(this, text(values), null);
  }

  /** An exception of this fault with a cause, its placeholders filled in. */
  public LinkException causedBy(Throwable cause, Object... values) {
    return new LinkException(this, text(values), cause);
  }
}
