"""The interop client and server in Python: the same parts, by the same names, as in Java and Rust."""

TEST_KEY = "samehost-test-key"
"""The metadata key that a call is known by to the server."""
ECHO_INITIAL = "x-grpc-test-echo-initial"
"""Comes back in the response headers."""
ECHO_TRAILING = "x-grpc-test-echo-trailing-bin"
"""Comes back in the trailers."""
