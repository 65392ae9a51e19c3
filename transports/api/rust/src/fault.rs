//! The catalogue of faults.

use std::fmt::{self, Display};

use crate::Code;

macro_rules! catalogue {
    ($($name:ident = ($code:ident, $key:literal, $template:literal);)*) => {
        /// The catalogue of faults: for each its gRPC status code and the text that a person reads.
        /// The same catalogue stands in `proto/vectors/faults.json` and in every language; a test
        /// compares them. Placeholders are filled in the order in which they stand.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Fault {
            $(#[doc = $template] $name,)*
        }

        impl Fault {
            /// Every fault, in the catalogue's order.
            pub const ALL: &'static [Fault] = &[$(Fault::$name),*];

            /// The gRPC status code that a call fails with by this fault.
            pub const fn code(self) -> Code {
                match self { $(Fault::$name => Code::$code,)* }
            }

            /// The name of the fault in the shared catalogue.
            pub const fn name(self) -> &'static str {
                match self { $(Fault::$name => $key,)* }
            }

            /// The text with its placeholders.
            pub const fn template(self) -> &'static str {
                match self { $(Fault::$name => $template,)* }
            }
        }
    };
}

catalogue! {
    AddressMalformed = (InvalidArgument, "address_malformed", "address {address}: {reason}. An address is SCHEME:REST, for example unix:/run/app.sock, tcp:127.0.0.1:4000 or stdio:python3 worker.py.");
    SchemeUnknown = (InvalidArgument, "scheme_unknown", "address {address}: no transport has the scheme {scheme}; found: {schemes}. Is it spelled right? In Java: is its artifact on the class path, and META-INF/services merged where all is one jar?");
    PathTooLong = (InvalidArgument, "path_too_long", "address {address}: the path of the socket has {bytes} bytes, and the system takes at most {limit}. Choose a shorter one, for example in /tmp or $XDG_RUNTIME_DIR.");
    NativeCodeMissing = (FailedPrecondition, "native_code_missing", "address {address}: {library} cannot load its native code: {error}. Is the folder that it is unpacked to writable and not mounted noexec ({option} chooses another one), and does the JVM allow it (--enable-native-access=ALL-UNNAMED)?");
    ListenInUse = (AlreadyExists, "listen_in_use", "listening on {address}: the address is in use, a live server answers there. Stop it first, or choose another address.");
    ListenNotASocket = (FailedPrecondition, "listen_not_a_socket", "listening on {address}: {path} exists and is no socket, so it is left alone. Remove it, or choose another address.");
    ListenNoFolder = (FailedPrecondition, "listen_no_folder", "listening on {address}: there is no folder {folder} (ENOENT). Make it first.");
    ListenPermission = (PermissionDenied, "listen_permission", "listening on {address}: no permission to write in {folder} (EACCES). Run as a user who may, or choose another address.");
    ListenFailed = (Unavailable, "listen_failed", "listening on {address}: {operation} failed: {error}.");
    ListenNotAFifo = (FailedPrecondition, "listen_not_a_fifo", "listening on {address}: {path} exists and is no FIFO of this user, so it is left alone. Remove it, or choose another address.");
    ListenPortPermission = (PermissionDenied, "listen_port_permission", "listening on {address}: no permission to take port {port} (EACCES). Low ports are for privileged users: choose a higher one, or 0 for any that is free.");
    ListenNotOfThisHost = (FailedPrecondition, "listen_not_of_this_host", "listening on {address}: {ip} is no address of this host (EADDRNOTAVAIL). Choose one that is, for example 127.0.0.1.");
    StdioTerminal = (FailedPrecondition, "stdio_terminal", "listening on stdio: standard {stream} is a terminal, but a host's pipe is needed. Start this program from a host, with the address stdio:COMMAND.");
    StdioTaken = (FailedPrecondition, "stdio_taken", "listening on stdio: this process serves on its standard input and output already. A process has only one pair.");
    StdioEnded = (Unavailable, "stdio_ended", "listening on stdio: the host has ended the connection, and a process serves one host and no other.");
    ConnectNoSuchFile = (Unavailable, "connect_no_such_file", "connecting to {address}: no such file (ENOENT). Is the server running? It creates this socket when it starts, and has to be started again where the file was removed.");
    ConnectRefused = (Unavailable, "connect_refused", "connecting to {address}: connection refused (ECONNREFUSED). The socket is there, but no server listens on it: it has probably died. Start it again, it will take the path over.");
    ConnectNotASocket = (Unavailable, "connect_not_a_socket", "connecting to {address}: {path} is no socket. Is it the right address?");
    ConnectPermission = (Unavailable, "connect_permission", "connecting to {address}: permission denied (EACCES). The socket belongs to another user, or a folder above it is closed to this one.");
    ConnectTimeout = (Unavailable, "connect_timeout", "connecting to {address}: not accepted within {seconds} s. The server is there but takes no connections: is it stopped or overloaded?");
    ConnectFailed = (Unavailable, "connect_failed", "connecting to {address}: {operation} failed: {error}.");
    ConnectNoSuchFifo = (Unavailable, "connect_no_such_fifo", "connecting to {address}: no such file (ENOENT). Is the server running? It creates this FIFO when it starts, and has to be started again where the file was removed.");
    ConnectFifoUnread = (Unavailable, "connect_fifo_unread", "connecting to {address}: nobody reads it (ENXIO). The FIFO is there, but no server holds it: it has probably died. Start it again, it will take the FIFO over.");
    ConnectNotAFifo = (Unavailable, "connect_not_a_fifo", "connecting to {address}: {path} is no FIFO of this user. Is it the right address? A server on a FIFO and its clients run as one user.");
    ConnectFifoPermission = (Unavailable, "connect_fifo_permission", "connecting to {address}: {operation} failed: permission denied (EACCES). A client must be of the server's user, and makes two FIFOs of its own in the same folder.");
    ConnectPortClosed = (Unavailable, "connect_port_closed", "connecting to {address}: connection refused (ECONNREFUSED) by {endpoint}. Nobody listens there: is the server running, and at this address?");
    ConnectUnreachable = (Unavailable, "connect_unreachable", "connecting to {address}: there is no way to {endpoint}: {error}. Is the network up, and is the address right?");
    ConnectUnanswered = (Unavailable, "connect_unanswered", "connecting to {address}: no answer from {endpoint} within {seconds} s (ETIMEDOUT). Is the server stopped or overloaded, or does a firewall drop what is sent there?");
    HostUnknown = (Unavailable, "host_unknown", "address {address}: no host has the name {host}. Is it spelled right, and known to this host's resolver (/etc/hosts, DNS)?");
    PlainTextBeyondHost = (InvalidArgument, "plain_text_beyond_host", "address {address}: {ip} is no loopback address, and what goes over tcp is plain text that anyone on the way can read and change. Choose a loopback address such as 127.0.0.1, or set the option plain_text_beyond_host of TcpOptions on this side.");
    TlsNotTaken = (InvalidArgument, "tls_not_taken", "address {address}: credentials for TLS are for tcp: addresses. What goes over {scheme}: stays on this host, and the system says who connects. Leave the credentials out, or choose a tcp: address.");
    TlsCredentials = (InvalidArgument, "tls_credentials", "address {address}: the credentials for TLS cannot be used: {reason}. They are texts in PEM: certificates, and a private key in PKCS #8 that belongs to the first of them.");
    SpawnFailed = (Unavailable, "spawn_failed", "connecting to {address}: cannot start {program}: {error}. Is it on the PATH, and executable?");
    NoDescriptors = (Unavailable, "no_descriptors", "{address}: {operation} failed: {error}. This process has as many open as it may, and can neither connect nor accept until it closes some. Is its limit too low (ulimit -n), or does it leak them?");
    PeerHttp2 = (Unavailable, "peer_http2", "{address}: the peer speaks HTTP/2 (gRPC?), not the samehost wire. Use samehost on both sides, or a unix: or tcp: address and HTTP/2 on this side as well: the artifact samehost-http2 in Java, the feature http2 in Rust.");
    PeerHttp1 = (Unavailable, "peer_http1", "{address}: the peer speaks HTTP/1, not the samehost wire. Use samehost on both sides, or have this server take JSON as well: the artifact samehost-json in Java, the feature json in Rust.");
    TlsExpected = (Unavailable, "tls_expected", "{address}: plain text came, and this server takes TLS alone. Give the channel credentials.");
    PeerTls = (Unavailable, "peer_tls", "{address}: the peer speaks TLS, and this server has no credentials for it. Give it some, or leave them out of the channel.");
    TlsNotSpoken = (Unavailable, "tls_not_spoken", "connecting to {address}: the server does not speak TLS: {reason}. Give the server credentials, or leave them out of the channel.");
    TlsUntrusted = (Unavailable, "tls_untrusted", "{address}: the certificate of the peer is not accepted: {reason}. Is it signed by an authority that this side trusts, valid today, and for the name in the address?");
    TlsRefused = (Unavailable, "tls_refused", "{address}: the peer ended TLS with the alert {alert}. Does it want a certificate of this side, and trust the one that it got?");
    TlsFailed = (Unavailable, "tls_failed", "{address}: TLS failed: {reason}.");
    PeerNonsense = (Unavailable, "peer_nonsense", "{address}: the peer does not speak the samehost wire; its first bytes are {bytes}. Is it the right address?");
    PeerSilent = (Unavailable, "peer_silent", "{address}: the peer said no HELLO within {seconds} s. Is it a samehost server, and not stopped or overloaded?");
    PeerGoneBeforeHello = (Unavailable, "peer_gone_before_hello", "{address}: the peer ended the connection before it said HELLO. Does the server's log say why?");
    VersionMismatch = (Unavailable, "version_mismatch", "{address}: no common version of the wire: this side speaks {min} to {max}, the peer ({implementation}) {peer_min} to {peer_max}. Update the older side.");
    PeerRefused = (PermissionDenied, "peer_refused", "{address}: the server turned this process away: {reason}");
    UserRefused = (PermissionDenied, "user_refused", "{address}: the peer with pid {pid} is of user {uid}, but only user {expected} may connect. Allow others on the listening side.");
    ShmFallback = (Unavailable, "shm_fallback", "{address}: no shared memory ({reason}), so this connection stays on the Unix socket, which is several times slower. Everything else works as before.");
    ShmStrict = (Unavailable, "shm_strict", "connecting to {address}: no shared memory ({reason}), and the option strict forbids the Unix socket instead.");
    ShmNotServed = (Unimplemented, "shm_not_served", "the server has no shared memory to give: the package samehost-transport-shm is not there");
    ShmVersion = (Unimplemented, "shm_version", "the server speaks version {version} of the agreement on shared memory, and the client up to {offered}");
    ShmMemory = (ResourceExhausted, "shm_memory", "the server's {operation} failed: {error}");
    ShmUnusable = (FailedPrecondition, "shm_unusable", "the memory of the server {why}");
    ClientRefused = (PermissionDenied, "client_refused", "{address}: somebody who wanted to connect was turned away: {reason}.");
    ChildGoneBeforeHello = (Unavailable, "child_gone_before_hello", "{address}: the child (pid {pid}) {ended} before it said HELLO. Its standard output: {skipped}. Its last lines on stderr: {stderr}");
    ChildSilent = (Unavailable, "child_silent", "{address}: the child (pid {pid}) said no HELLO within {seconds} s. Does it serve stdio:? Its standard output: {skipped}. Its last lines on stderr: {stderr}");
    ChildNoise = (Unavailable, "child_noise", "{address}: the child (pid {pid}) printed {bytes} bytes to standard output and no HELLO. Does it serve stdio:? Its standard output: {skipped}. Its last lines on stderr: {stderr}");
    ChildGone = (Unavailable, "child_gone", "{address}: the child (pid {pid}) {ended} with calls open. Its last lines on stderr: {stderr}");
    ChildClosed = (Unavailable, "child_closed", "{address}: the child (pid {pid}) closed its standard output with calls open and still runs. Its last lines on stderr: {stderr}");
    LinkEnded = (Unavailable, "link_ended", "{address}: the peer ended the connection with calls open. Did its process die?");
    LinkTruncated = (Unavailable, "link_truncated", "{address}: the connection ended in the middle of a frame. Did the peer's process die?");
    LinkFailed = (Unavailable, "link_failed", "{address}: {operation} failed: {error}. Did the peer's process die?");
    LinkClosed = (Unavailable, "link_closed", "{address}: this side has closed the connection.");
    Malformed = (Internal, "malformed", "{address}: the peer broke the wire's rules ({code}): {reason}. The connection was closed.");
    PeerGoaway = (Internal, "peer_goaway", "{address}: the peer closed the connection ({code}): {reason}.");
    PeerDraining = (Unavailable, "peer_draining", "{address}: the peer is shutting down and takes no new calls.");
    ChannelShutdown = (Unavailable, "channel_shutdown", "{address}: the channel was shut down.");
    CallerGone = (Unavailable, "caller_gone", "calling back over {address}: the connection has ended, or takes no more calls. A call back goes over the connection that its caller made, and there is no other way to it. The next call of that caller brings a new one.");
    ServerShutdown = (Unavailable, "server_shutdown", "{address}: the server was shut down.");
    Forked = (Unavailable, "forked", "this belongs to the process that the present one was forked from. Make a new channel or server here.");
    MessageTooLarge = (ResourceExhausted, "message_too_large", "the message of {bytes} bytes exceeds maximum of {limit} bytes that the {side} takes. Raise the {option} there.");
    MessageInflated = (ResourceExhausted, "message_inflated", "the decompressed message exceeds maximum of {limit} bytes that the {side} takes. Raise the {option} there.");
    MetadataTooLarge = (ResourceExhausted, "metadata_too_large", "metadata of {bytes} bytes exceeds maximum of {limit} bytes that the {side} takes. Raise the {option} there.");
    TooManyStreams = (ResourceExhausted, "too_many_streams", "more than {limit} calls are open at once on this connection.");
    MethodUnknown = (Unimplemented, "method_unknown", "Method not found: {method}");
    EncodingUnknown = (Unimplemented, "encoding_unknown", "the message is compressed by {encoding}, which this side does not know.");
    DeadlineExceeded = (DeadlineExceeded, "deadline_exceeded", "deadline exceeded after {elapsed} s. [{address}: {waiting}]");
    DeadlineUnconnected = (DeadlineExceeded, "deadline_unconnected", "deadline exceeded after {elapsed} s. [{address}: waiting for a connection, as the last try failed: {reason}]");
    NotTried = (Unavailable, "not_tried", "{reason} [{address}: so the last try ended. This call was not sent: the next try is in {seconds} s.]");
    CallCancelled = (Cancelled, "call_cancelled", "the call was cancelled by its caller: {reason}");
    HandlerFailed = (Unknown, "handler_failed", "Application error processing RPC");
    MessageMissing = (Internal, "message_missing", "{side} ended a unary call without a message.");
    MessageSurplus = (Internal, "message_surplus", "{side} sent more than one message in a unary call.");
    MetadataInvalid = (Internal, "metadata_invalid", "metadata {key}: {reason}.");
    BodyMalformed = (Internal, "body_malformed", "the application's body is not in gRPC's framing of messages: {reason}.");
    StreamReset = (Internal, "stream_reset", "{address}: the peer has reset the call's stream: {reason}.");
    MessageUndecodable = (Internal, "message_undecodable", "the message of {side} cannot be decoded: {reason}.");
    MessageUnencodable = (Internal, "message_unencodable", "the message of {side} cannot be encoded: {reason}.");
    RequestsFailed = (Unknown, "requests_failed", "the client's stream of requests failed: {reason}.");
    CredentialsFailed = (Unavailable, "credentials_failed", "the credentials of the call failed: {reason}.");
    TooManyCalls = (ResourceExhausted, "too_many_calls", "the server runs {limit} calls already and takes no more at once.");
}

impl Fault {
    /// The text with the placeholders filled in.
    ///
    /// # Panics
    /// When there are not as many values as placeholders.
    pub fn text(self, values: &[&dyn Display]) -> String {
        let mut text = String::new();
        let mut rest = self.template();
        for value in values {
            let (before, after) =
                rest.split_once('{').unwrap_or_else(|| panic!("too many values for {self:?}"));
            text.push_str(before);
            text.push_str(&value.to_string());
            rest = after.split_once('}').expect("a placeholder is closed").1;
        }
        assert!(!rest.contains('{'), "too few values for {self:?}");
        text.push_str(rest);
        text
    }

    /// An error of this fault, its placeholders filled in.
    pub fn with(self, values: &[&dyn Display]) -> LinkError {
        LinkError { fault: self, text: self.text(values) }
    }
}

/// A link could not be made or is broken. It says which fault of the catalogue it is, and its text
/// alone lets a person act. The runtime hands both on as a gRPC status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkError {
    fault: Fault,
    text: String,
}

impl LinkError {
    /// Which fault of the catalogue this is.
    pub fn fault(&self) -> Fault {
        self.fault
    }

    /// The gRPC status code of the fault.
    pub fn code(&self) -> Code {
        self.fault.code()
    }
}

impl Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for LinkError {}
