//! Calls between processes of one host: clients and servers over any transport.

#[allow(dead_code, unused)]
mod call;
#[allow(dead_code, unused)]
mod wire;
