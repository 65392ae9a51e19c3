"""Calls between processes of one host, through gRPC's own stubs: only the address changes."""
