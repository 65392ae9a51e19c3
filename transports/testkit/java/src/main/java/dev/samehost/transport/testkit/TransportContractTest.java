package dev.samehost.transport.testkit;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.transport.Address;
import dev.samehost.transport.Code;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.Transport;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.Transports;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The contracts of {@link Transport}, {@link Connector} and {@link Listener}, for a transport whose
 * listeners can be found by any process. It joins by extending this and saying which addresses to
 * use.
 */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
public abstract class TransportContractTest {
  private static final long PATIENCE = Bytes.PATIENCE_NANOS;

  /** An address at which nobody listens; another one each time. */
  protected abstract Address newAddress() throws Exception;

  /** An address of the same scheme that makes no sense. */
  protected abstract Address malformedAddress();

  /** How many first bytes are judged at least; 0 where nobody can be a stranger. */
  protected int judgedBytes() {
    return RecordingAcceptor.GREETING.length();
  }

  private static Transport transport(Address address) throws LinkException {
    return Transports.find(address);
  }

  private static Listener listener(Address address) throws LinkException {
    return transport(address).listener(address, TransportOptions.NONE);
  }

  private static Connector connector(Address address) throws LinkException {
    return transport(address).connector(address, TransportOptions.NONE);
  }

  /** A link through a listener and a connector that are running. */
  public static LinkEnds link(Connector connector, RecordingAcceptor acceptor) throws Exception {
    Link near = connector.connect(PATIENCE);
    Bytes.write(near, RecordingAcceptor.GREETING.getBytes(ISO_8859_1));
    Link far = acceptor.nextAccepted();
    byte[] first = Bytes.read(far, RecordingAcceptor.GREETING.length());
    assertThat(new String(first, ISO_8859_1)).isEqualTo(RecordingAcceptor.GREETING);
    return new LinkEnds(near, far);
  }

  @Test
  void a_transport_is_found_by_the_scheme_of_its_addresses() throws Exception {
    Address address = newAddress();
    assertThat(transport(address).scheme()).isEqualTo(address.scheme());
  }

  @Test
  void an_address_that_makes_no_sense_is_refused_before_anything_is_touched() throws Exception {
    Address address = malformedAddress();
    for (LinkException refusal :
        new LinkException[] {
          assertThrows(LinkException.class, () -> connector(address)),
          assertThrows(LinkException.class, () -> listener(address)),
        }) {
      assertThat(refusal.code()).isEqualTo(Code.INVALID_ARGUMENT);
      assertThat(refusal).hasMessageThat().contains(address.toString());
    }
  }

  @Test
  void a_listener_can_be_reached_by_its_address_once_it_has_started() throws Exception {
    RecordingAcceptor acceptor = new RecordingAcceptor();
    try (Listener listener = listener(newAddress())) {
      listener.start(acceptor);
      try (Connector connector = connector(Address.parse(listener.address()));
          LinkEnds link = link(connector, acceptor)) {
        Bytes.write(link.far(), Bytes.random(100, 1));
        assertThat(Bytes.read(link.near(), 100)).isEqualTo(Bytes.random(100, 1));
        assertThat(link.near().peer().address()).isEqualTo(listener.address());
      }
    }
    assertThat(acceptor.isEmpty()).isTrue();
  }

  @Test
  void first_bytes_that_come_with_others_are_read_with_them() throws Exception {
    Address address = newAddress();
    RecordingAcceptor acceptor = new RecordingAcceptor();
    try (Listener listener = listener(address);
        Connector connector = connector(address)) {
      listener.start(acceptor);
      try (Link near = connector.connect(PATIENCE)) {
        byte[] more = Bytes.random(30_000, 2);
        ByteBuffer all = ByteBuffer.allocate(30_006);
        Bytes.write(
            near, all.put(RecordingAcceptor.GREETING.getBytes(ISO_8859_1)).put(more).array());
        try (Link far = acceptor.nextAccepted()) {
          assertThat(far.await(Link.READ, PATIENCE)).isEqualTo(Link.READ);
          assertThat(Bytes.read(far, 30_006)).isEqualTo(all.array());
          // The acceptor has them as they were judged, however many of them that were.
          ByteBuffer judged = acceptor.nextJudged();
          assertThat(judged.remaining()).isAtLeast(judgedBytes());
          assertThat(judged).isEqualTo(all.slice(0, judged.remaining()));
        }
      }
    }
  }

  @Test
  void a_connector_makes_a_new_link_each_time() throws Exception {
    Address address = newAddress();
    RecordingAcceptor acceptor = new RecordingAcceptor();
    try (Listener listener = listener(address);
        Connector connector = connector(address)) {
      listener.start(acceptor);
      try (LinkEnds first = link(connector, acceptor);
          LinkEnds second = link(connector, acceptor)) {
        Bytes.write(first.near(), new byte[] {1});
        Bytes.write(second.near(), new byte[] {2});
        assertThat(Bytes.read(first.far(), 1)).isEqualTo(new byte[] {1});
        assertThat(Bytes.read(second.far(), 1)).isEqualTo(new byte[] {2});
      }
    }
  }

  @Test
  void connecting_to_nobody_fails_and_succeeds_when_somebody_listens() throws Exception {
    Address address = newAddress();
    RecordingAcceptor acceptor = new RecordingAcceptor();
    try (Connector connector = connector(address)) {
      LinkException failure = assertThrows(LinkException.class, () -> connector.connect(PATIENCE));
      assertThat(failure.code()).isEqualTo(Code.UNAVAILABLE);
      assertThat(failure).hasMessageThat().contains(address.toString());
      try (Listener listener = listener(address)) {
        listener.start(acceptor);
        link(connector, acceptor).close();
      }
    }
  }

  @Test
  void links_outlive_their_connector_and_their_listener() throws Exception {
    Address address = newAddress();
    RecordingAcceptor acceptor = new RecordingAcceptor();
    Listener listener = listener(address);
    listener.start(acceptor);
    Connector connector = connector(address);
    try (LinkEnds link = link(connector, acceptor)) {
      connector.close();
      connector.close();
      listener.close();
      listener.close();
      Bytes.write(link.near(), Bytes.random(100, 3));
      assertThat(Bytes.read(link.far(), 100)).isEqualTo(Bytes.random(100, 3));
      assertThrows(LinkException.class, () -> connector.connect(PATIENCE));
    }
    assertThat(acceptor.isEmpty()).isTrue();
  }

  @Test
  void nobody_connects_to_a_listener_that_was_closed() throws Exception {
    Address address = newAddress();
    Listener listener = listener(address);
    listener.start(new RecordingAcceptor());
    listener.close();
    try (Connector connector = connector(address)) {
      assertThrows(LinkException.class, () -> connector.connect(PATIENCE));
    }
  }

  @Test
  void a_listener_that_never_started_closes_and_harms_nobody() throws Exception {
    Address address = newAddress();
    RecordingAcceptor acceptor = new RecordingAcceptor();
    try (Listener listener = listener(address);
        Connector connector = connector(address)) {
      listener.start(acceptor);
      listener(address).close();
      link(connector, acceptor).close();
    }
  }

  @Test
  void a_live_address_is_refused_and_goes_on_living() throws Exception {
    Address address = newAddress();
    RecordingAcceptor acceptor = new RecordingAcceptor();
    try (Listener listener = listener(address);
        Listener intruder = listener(address);
        Connector connector = connector(address)) {
      listener.start(acceptor);
      LinkException refusal =
          assertThrows(LinkException.class, () -> intruder.start(new RecordingAcceptor()));
      assertThat(refusal.fault()).isEqualTo(Fault.LISTEN_IN_USE);
      intruder.close();
      link(connector, acceptor).close();
    }
  }

  @Test
  void an_address_is_free_again_after_its_listener_was_closed() throws Exception {
    Address address = newAddress();
    RecordingAcceptor acceptor = new RecordingAcceptor();
    Listener first = listener(address);
    first.start(new RecordingAcceptor());
    first.close();
    try (Listener second = listener(address);
        Connector connector = connector(address)) {
      second.start(acceptor);
      first.close();
      link(connector, acceptor).close();
    }
  }

  @Test
  void a_hello_may_take_a_while_but_not_for_ever() throws Exception {
    try (Connector connector = connector(newAddress())) {
      assertThat(connector.helloTimeoutNanos()).isGreaterThan(0L);
      assertThat(connector.noiseLimit()).isAtLeast(0);
    }
  }
}
