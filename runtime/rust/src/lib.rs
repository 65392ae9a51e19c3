//! Calls between processes of one host: clients and servers over any transport.
