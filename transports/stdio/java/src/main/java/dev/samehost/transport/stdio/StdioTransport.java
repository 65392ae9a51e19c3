package dev.samehost.transport.stdio;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.Transport;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.posix.NativeCode;
import java.util.List;

/**
 * The transport of a child's standard input and output: {@code stdio:COMMAND} starts a child for
 * each link, and {@code stdio:} serves as the child.
 */
public final class StdioTransport implements Transport {
  @Override
  public String scheme() {
    return "stdio";
  }

  @Override
  public Connector connector(Address address, TransportOptions options) throws LinkException {
    NativeCode.require(address);
    List<String> arguments = options.get(StdioOptions.ARGUMENTS);
    if (arguments.isEmpty()) {
      try {
        arguments = Words.split(address.rest());
      } catch (IllegalArgumentException e) {
        throw Fault.ADDRESS_MALFORMED.with(address, e.getMessage());
      }
    }
    if (arguments.isEmpty()) {
      throw Fault.ADDRESS_MALFORMED.with(address, "it has no command");
    }
    if (arguments.stream().anyMatch(word -> word.indexOf('\0') >= 0)) {
      throw Fault.ADDRESS_MALFORMED.with(address, "it has a NUL");
    }
    return new StdioConnector(address, arguments, options);
  }

  @Override
  public Listener listener(Address address, TransportOptions options) throws LinkException {
    NativeCode.require(address);
    if (!address.rest().isEmpty()) {
      throw Fault.ADDRESS_MALFORMED.with(
          address, "a server is no command: the address of a child that serves is stdio: alone");
    }
    return new StdioListener(options);
  }
}
