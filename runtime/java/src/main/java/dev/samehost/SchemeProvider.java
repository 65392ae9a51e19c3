package dev.samehost;

import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import java.net.SocketAddress;
import java.net.URI;
import java.util.Collection;
import java.util.List;

/** Claims a scheme, so that gRPC asks {@link SamehostChannelProvider} for channels to it. */
abstract class SchemeProvider extends NameResolverProvider {
  private final String scheme;

  SchemeProvider(String scheme) {
    this.scheme = scheme;
  }

  @Override
  protected boolean isAvailable() {
    return true;
  }

  @Override
  protected int priority() {
    return SamehostChannelProvider.PRIORITY;
  }

  @Override
  public String getScheme() {
    return scheme;
  }

  @Override
  public String getDefaultScheme() {
    return scheme;
  }

  @Override
  public Collection<Class<? extends SocketAddress>> getProducedSocketAddressTypes() {
    return List.of(PeerAddress.class);
  }

  /** Nothing: channels of other transports can do nothing with the address. */
  @Override
  public NameResolver newNameResolver(URI target, NameResolver.Args args) {
    return null;
  }
}
