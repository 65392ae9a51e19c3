@0xd1c3a4f29be0c87a;

# What Cap'n Proto RPC serves, the peer of the benchmarks that has contracts of its own.
interface Echo {
  # Answers with what it is given.
  unary @0 (body :Data) -> (body :Data);
}
