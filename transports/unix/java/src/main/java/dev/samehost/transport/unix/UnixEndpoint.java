package dev.samehost.transport.unix;

import dev.samehost.transport.LinkException;
import dev.samehost.transport.Peer;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.reception.Endpoint;
import io.netty.channel.Channel;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.kqueue.KQueueDomainSocketChannel;
import io.netty.channel.unix.PeerCredentials;
import java.io.IOException;

/** What all places of Unix sockets have in common: a name, and a rule for who may connect. */
abstract class UnixEndpoint implements Endpoint {
  final SocketName name;
  private final AllowedUsers users;
  private final TransportOptions options;

  UnixEndpoint(SocketName name, AllowedUsers users, TransportOptions options) {
    this.name = name;
    this.users = users;
    this.options = options;
  }

  @Override
  public final String address() {
    return name.address().toString();
  }

  @Override
  public final Peer peer(Channel connection) throws IOException {
    PeerCredentials credentials =
        connection instanceof EpollDomainSocketChannel epoll
            ? epoll.peerCredentials()
            : ((KQueueDomainSocketChannel) connection).peerCredentials();
    int[] groups = credentials.gids();
    return UnixSocket.peer(
        address(), credentials.pid(), credentials.uid(), groups.length > 0 ? groups[0] : -1);
  }

  @Override
  public final LinkException objection(Peer peer) {
    return users.objection(peer);
  }

  @Override
  public final TransportOptions memoryOptions() {
    return options;
  }
}
