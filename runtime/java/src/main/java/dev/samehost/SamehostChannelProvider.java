package dev.samehost;

import dev.samehost.transport.Address;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Transports;
import io.grpc.ChannelCredentials;
import io.grpc.ManagedChannelBuilder;
import io.grpc.ManagedChannelProvider;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Collection;
import java.util.List;

/**
 * Has {@link io.grpc.Grpc#newChannelBuilder(String, ChannelCredentials)} take the addresses of
 * samehost beside gRPC's own targets, so that a target from a configuration may be either. gRPC
 * finds it by {@link java.util.ServiceLoader}; nobody else needs it.
 *
 * <p>What gRPC knows itself stays gRPC's: {@code unix:} where grpc-netty is on the class path. A
 * target is a URI, in which {@code %20} stands for a blank of a command or of a path.
 */
public final class SamehostChannelProvider extends ManagedChannelProvider {
  /** Below all of gRPC's own. */
  static final int PRIORITY = 1;

  /** For {@link java.util.ServiceLoader}. */
  public SamehostChannelProvider() {}

  @Override
  protected boolean isAvailable() {
    return true;
  }

  @Override
  protected int priority() {
    return PRIORITY;
  }

  /** A port, where gRPC has no transport of its own. */
  @Override
  protected ManagedChannelBuilder<?> builderForAddress(String name, int port) {
    String host = name.contains(":") && !name.startsWith("[") ? "[" + name + "]" : name;
    return SamehostChannelBuilder.forAddress("tcp:" + host + ":" + port);
  }

  @Override
  protected ManagedChannelBuilder<?> builderForTarget(String target) {
    return SamehostChannelBuilder.forAddress(address(target));
  }

  @Override
  protected NewChannelBuilderResult newChannelBuilder(
      String target, ChannelCredentials credentials) {
    String address = address(target);
    try {
      Transports.find(Address.parse(address));
    } catch (LinkException e) {
      return NewChannelBuilderResult.error(e.getMessage());
    }
    try {
      return NewChannelBuilderResult.channelBuilder(
          SamehostChannelBuilder.forAddress(address, credentials));
    } catch (IllegalArgumentException e) {
      return NewChannelBuilderResult.error(e.getMessage());
    }
  }

  /** What a target stands for; one that is no URI stands for itself. */
  private static String address(String target) {
    try {
      URI uri = new URI(target);
      String rest = uri.getSchemeSpecificPart();
      return uri.getScheme() == null || uri.getFragment() != null || !target.contains("%")
          ? target
          : uri.getScheme() + ":" + rest;
    } catch (URISyntaxException e) {
      return target;
    }
  }

  /** Those that its own schemes lead to: where gRPC has a resolver it asks for no others. */
  @Override
  protected Collection<Class<? extends SocketAddress>> getSupportedSocketAddressTypes() {
    return List.of(PeerAddress.class);
  }
}
