"""The interop client: runs cases against the server at an address, over both of gRPC's surfaces."""
