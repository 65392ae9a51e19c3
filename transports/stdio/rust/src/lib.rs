//! A child process, over its standard input and output.
