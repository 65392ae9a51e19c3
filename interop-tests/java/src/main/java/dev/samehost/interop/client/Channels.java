package dev.samehost.interop.client;

import dev.samehost.SamehostChannelBuilder;
import dev.samehost.interop.Secure;
import dev.samehost.interop.server.TestServices;
import dev.samehost.interop.suite.Step;
import dev.samehost.transport.fifo.FifoOptions;
import dev.samehost.transport.stdio.StdioOptions;
import dev.samehost.transport.tcp.TcpOptions;
import dev.samehost.transport.unix.UnixOptions;
import io.grpc.ManagedChannel;
import java.time.Duration;

/** Makes the channels: the one place of the client that knows samehost. */
final class Channels {
  private Channels() {}

  /** A channel that offers what the server programs serve. */
  static ManagedChannel openOffering(String address) {
    SamehostChannelBuilder builder = Secure.channel(address);
    TestServices.make().forEach(builder::addService);
    return builder.build();
  }

  static ManagedChannel open(String address, Step.Limits limits) {
    SamehostChannelBuilder builder = Secure.channel(address);
    if (limits != null && limits.maxMessageBytes() != null) {
      builder.maxInboundMessageSize(limits.maxMessageBytes());
    }
    if (limits != null && limits.maxMetadataBytes() != null) {
      builder.maxInboundMetadataSize(limits.maxMetadataBytes());
    }
    if (limits != null && limits.connectTimeoutMs() != null) {
      builder.connectTimeout(Duration.ofMillis(limits.connectTimeoutMs()));
    }
    if (limits != null && limits.helloTimeoutMs() != null) {
      Duration timeout = Duration.ofMillis(limits.helloTimeoutMs());
      builder.transportOption(FifoOptions.HELLO_TIMEOUT, timeout);
      builder.transportOption(TcpOptions.HELLO_TIMEOUT, timeout);
      builder.transportOption(UnixOptions.HELLO_TIMEOUT, timeout);
      builder.transportOption(StdioOptions.HELLO_TIMEOUT, timeout);
    }
    return builder.build();
  }
}
