"""The interop server: its services over gRPC's synchronous surface, with handlers inline."""
