package dev.samehost.transport.tls;

import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.LocalLink;
import dev.samehost.transport.Tls;
import dev.samehost.transport.testkit.Bytes;
import dev.samehost.transport.testkit.Certificates;
import dev.samehost.transport.testkit.LinkEnds;
import io.netty.pkitesting.X509Bundle;
import java.nio.ByteBuffer;
import java.security.Security;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;

/** Makes both sides of TLS for tests. */
final class TlsFixture {
  /** How much a key of these tests is used for; 128 GiB elsewhere. */
  static final int KEY_BYTES = 1 << 18;

  static {
    // Read when the JDK's TLS is used first, which is here.
    Security.setProperty("jdk.tls.keyLimits", "AES/GCM/NoPadding KeyUpdate " + KEY_BYTES);
  }

  /** Made once: the second connection of a test goes on with the session of the first. */
  private static final SSLContext CLIENT = context(null);

  private static final SSLContext SERVER = context(Certificates.TRUSTED.server());

  private TlsFixture() {}

  static SSLContext context(X509Bundle own) {
    try {
      return Certificates.TRUSTED.context(own);
    } catch (Exception e) {
      throw new AssertionError("no TLS for tests", e);
    }
  }

  static Tls client() {
    return Tls.ofClient(CLIENT);
  }

  static Tls server() {
    return Tls.ofServer(SERVER, Tls.ClientAuth.NONE);
  }

  static TlsSession clientSession() {
    return TlsSessions.client(client(), "localhost", 4000);
  }

  /** Links by TLS over two ends of a link, whose client connected. */
  static LinkEnds over(LinkEnds ends) throws Exception {
    return over(ends, clientSession(), TlsSessions.server(server()));
  }

  static LinkEnds over(LinkEnds ends, TlsSession client, TlsSession server) throws Exception {
    FutureTask<Link> accepting = new FutureTask<>(() -> accept(ends.far(), server));
    new Thread(accepting, "tls-server").start();
    Link near = TlsHandshake.run(ends.near(), client, Bytes.PATIENCE_NANOS, () -> false);
    Link far = accepting.get(60, TimeUnit.SECONDS);
    // What TLS 1.3 has to say after the handshake is read, so that links begin with nothing.
    ByteBuffer none = ByteBuffer.allocate(1);
    while (near.await(Link.READ, 1_000_000) == Link.READ) {
      if (near.read(none) != 0) {
        throw new AssertionError("bytes from nowhere");
      }
    }
    return new LinkEnds(near, far);
  }

  /** A server's handshake, over a link. */
  static Link accept(Link link, TlsSession session) throws LinkException, SSLException {
    while (true) {
      boolean isOver = session.shake();
      if (session.output().hasRemaining()) {
        link.write(session.output());
      }
      if (isOver && !session.output().hasRemaining()) {
        return new TlsLink(link, session);
      }
      int ignored = link.await(Link.READ, TimeUnit.MILLISECONDS.toNanos(10));
      ByteBuffer room = session.room();
      int count = link.read(room);
      session.filled();
      if (count < 0) {
        throw new SSLException("the client has gone");
      }
    }
  }

  static LinkEnds local(int capacity) {
    LocalLink.Ends ends = LocalLink.open("tcp:localhost:4000", capacity);
    return new LinkEnds(ends.first(), ends.second());
  }
}
