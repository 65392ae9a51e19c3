//! Calls between processes of one host: clients and servers over any transport.

#[allow(dead_code, unused_imports)] // the drivers use what the tests do not yet
mod call;
#[allow(dead_code, unused_imports)] // the drivers use what the tests do not yet
mod wire;

#[cfg(test)]
mod vectors;
