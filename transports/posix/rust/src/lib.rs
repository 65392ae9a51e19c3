//! File descriptors: what the transports of this host share.
