package dev.samehost.transport.tls;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.transport.Fault;
import dev.samehost.transport.testkit.Bytes;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Records in, bytes out, however they are cut. */
final class TlsSessionTest {
  private TlsSession client;
  private TlsSession server;

  @BeforeEach
  void makeSessions() {
    client = TlsFixture.clientSession();
    server = TlsSessions.server(TlsFixture.server());
  }

  private static TlsSession session(boolean isClient, String version) {
    SSLEngine engine =
        isClient
            ? TlsFixture.client().context().createSSLEngine()
            : TlsFixture.server().context().createSSLEngine();
    engine.setUseClientMode(isClient);
    engine.setEnabledProtocols(new String[] {version});
    return new TlsSession(engine);
  }

  private void speak(String version) throws SSLException {
    client = session(true, version);
    server = session(false, version);
    shake();
  }

  /** All that a side has to say. */
  private static byte[] said(TlsSession by) {
    byte[] said = new byte[by.output().remaining()];
    by.output().get(said);
    return said;
  }

  private static void tell(TlsSession from, TlsSession to) {
    to.take(ByteBuffer.wrap(said(from)));
  }

  private void shake() throws SSLException {
    boolean isOver = false;
    while (!isOver) {
      isOver = client.shake();
      tell(client, server);
      isOver &= server.shake();
      tell(server, client);
    }
    assertThat(client.open(ByteBuffer.allocate(1))).isEqualTo(0);
  }

  private static byte[] sealed(TlsSession by, byte[] text) throws SSLException {
    ByteArrayOutputStream records = new ByteArrayOutputStream();
    ByteBuffer source = ByteBuffer.wrap(text);
    while (source.hasRemaining()) {
      assertThat(by.seal(source)).isGreaterThan(0);
      records.writeBytes(said(by));
    }
    return records.toByteArray();
  }

  private static byte[] opened(TlsSession by, int count) throws SSLException {
    ByteBuffer destination = ByteBuffer.allocate(count);
    by.open(destination);
    return Arrays.copyOf(destination.array(), destination.position());
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void bytes_pass_both_ways_in_either_version(String version) throws Exception {
    speak(version);
    for (int size : new int[] {1, 100, 16_384, 16_385, 100_000}) {
      server.take(ByteBuffer.wrap(sealed(client, Bytes.random(size, size))));
      assertThat(opened(server, size + 1)).isEqualTo(Bytes.random(size, size));
      client.take(ByteBuffer.wrap(sealed(server, Bytes.random(size, size + 1))));
      assertThat(opened(client, size + 1)).isEqualTo(Bytes.random(size, size + 1));
    }
  }

  @Test
  void what_comes_byte_by_byte_is_the_same() throws Exception {
    boolean isOver = false;
    while (!isOver) {
      isOver = client.shake();
      for (byte one : said(client)) {
        server.take(ByteBuffer.wrap(new byte[] {one}));
        isOver &= server.shake();
      }
      isOver &= server.shake();
      for (byte one : said(server)) {
        client.take(ByteBuffer.wrap(new byte[] {one}));
        isOver &= client.shake();
      }
    }
    byte[] records = sealed(client, Bytes.random(300, 1));
    ByteBuffer destination = ByteBuffer.allocate(301);
    for (int i = 0; i < records.length; i++) {
      server.take(ByteBuffer.wrap(records, i, 1));
      assertThat(server.isReady()).isEqualTo(i == records.length - 1);
      assertThat(server.open(destination)).isEqualTo(i == records.length - 1 ? 300 : 0);
    }
    assertThat(Arrays.copyOf(destination.array(), 300)).isEqualTo(Bytes.random(300, 1));
  }

  @Test
  void a_cut_at_every_byte_changes_nothing() throws Exception {
    shake();
    for (int cut = 0; cut <= 200; cut++) {
      byte[] text = Bytes.random(200, cut);
      byte[] records = sealed(client, text);
      server.take(ByteBuffer.wrap(records, 0, cut));
      ByteBuffer destination = ByteBuffer.allocate(200);
      assertThat(server.open(destination.limit(cut))).isEqualTo(0);
      server.take(ByteBuffer.wrap(records, cut, records.length - cut));
      server.open(destination);
      server.open(destination.limit(200));
      assertThat(destination.array()).isEqualTo(text);
    }
  }

  @Test
  void a_record_is_read_by_ones_who_have_less_room_than_it_has_bytes() throws Exception {
    shake();
    byte[] text = Bytes.random(40_000, 2);
    server.take(ByteBuffer.wrap(sealed(client, text)));
    for (int at = 0; at < text.length; at += 1_000) {
      assertThat(server.isReady()).isTrue();
      assertThat(opened(server, 1_000)).isEqualTo(Arrays.copyOfRange(text, at, at + 1_000));
    }
    assertThat(server.isReady()).isFalse();
  }

  @Test
  void bytes_that_were_judged_are_read_again_before_those_that_came_with_them() throws Exception {
    shake();
    server.take(ByteBuffer.wrap(sealed(client, Bytes.random(100, 3))));
    byte[] judged = opened(server, 60);
    server.giveAgain(ByteBuffer.wrap(judged));
    assertThat(server.isReady()).isTrue();
    assertThat(opened(server, 200)).isEqualTo(Bytes.random(100, 3));
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void a_forged_record_is_refused_and_both_sides_say_so(String version) throws Exception {
    speak(version);
    byte[] records = sealed(client, new byte[100]);
    records[50] ^= 1;
    server.take(ByteBuffer.wrap(records));
    SSLException failure = assertThrows(SSLException.class, () -> opened(server, 100));
    assertThat(TlsFaults.of(failure, "tcp:there").fault()).isEqualTo(Fault.TLS_FAILED);
    server.alert();
    tell(server, client);
    SSLException told = assertThrows(SSLException.class, () -> opened(client, 1));
    assertThat(TlsFaults.of(told, "tcp:there"))
        .hasMessageThat()
        .isEqualTo(Fault.TLS_REFUSED.text("tcp:there", "bad_record_mac"));
  }

  @Test
  void what_was_sent_before_a_forged_record_is_read_before_it_fails() throws Exception {
    shake();
    byte[] good = sealed(client, Bytes.random(10, 4));
    byte[] forged = sealed(client, new byte[10]);
    forged[8] ^= 1;
    server.take(ByteBuffer.wrap(good));
    server.take(ByteBuffer.wrap(forged));
    ByteBuffer destination = ByteBuffer.allocate(30);
    assertThrows(SSLException.class, () -> server.open(destination));
    assertThat(destination.position()).isEqualTo(10);
  }

  @Test
  void a_length_that_no_record_has_fails_at_once() throws Exception {
    shake();
    server.take(ByteBuffer.wrap(new byte[] {23, 3, 3, (byte) 0xFF, (byte) 0xFF}));
    assertThat(server.isReady()).isTrue();
    assertThrows(SSLException.class, () -> opened(server, 1));
  }

  @Test
  void plain_text_is_told_from_tls_by_its_first_bytes() {
    for (byte[] first : new byte[][] {{0x16}, {0x15, 3}, {0x16, 3, 1}}) {
      TlsSession fresh = TlsFixture.clientSession();
      fresh.take(ByteBuffer.wrap(first));
      assertThat(fresh.isTls()).isTrue();
    }
    for (byte[] first : new byte[][] {{'H'}, {0x16, 1}, {(byte) 0xF5}, {0}}) {
      TlsSession fresh = TlsFixture.clientSession();
      fresh.take(ByteBuffer.wrap(first));
      assertThat(fresh.isTls()).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void an_end_is_told_after_all_that_was_sealed(String version) throws Exception {
    speak(version);
    byte[] records = sealed(client, Bytes.random(100, 5));
    client.end();
    server.take(ByteBuffer.wrap(records));
    tell(client, server);
    assertThat(opened(server, 50)).isEqualTo(Arrays.copyOf(Bytes.random(100, 5), 50));
    assertThat(server.hasEnded()).isFalse();
    assertThat(opened(server, 100)).hasLength(50);
    assertThat(server.hasEnded() || opened(server, 1).length == 0).isTrue();
    assertThat(server.hasEnded()).isTrue();
  }

  @Test
  void nothing_is_sealed_for_one_who_has_ended_an_old_tls() throws Exception {
    speak("TLSv1.2");
    client.end();
    tell(client, server);
    assertThat(server.isSealed()).isFalse();
    assertThat(opened(server, 1)).isEmpty();
    assertThat(server.isSealed()).isTrue();
  }

  @Test
  void one_who_has_ended_a_new_tls_can_still_be_written_to() throws Exception {
    speak("TLSv1.3");
    client.end();
    tell(client, server);
    assertThat(opened(server, 1)).isEmpty();
    assertThat(server.hasEnded()).isTrue();
    client.take(ByteBuffer.wrap(sealed(server, Bytes.random(10, 6))));
    assertThat(opened(client, 10)).isEqualTo(Bytes.random(10, 6));
  }

  @Test
  void rest_keeps_what_has_come_and_what_is_to_be_sent() throws Exception {
    shake();
    byte[] records = sealed(client, Bytes.random(100, 7));
    server.take(ByteBuffer.wrap(records, 0, 50));
    server.rest();
    server.take(ByteBuffer.wrap(records, 50, records.length - 50));
    assertThat(opened(server, 40)).hasLength(40);
    server.rest();
    assertThat(opened(server, 100)).hasLength(60);
    assertThat(server.seal(ByteBuffer.wrap(Bytes.random(5, 8)))).isEqualTo(5);
    server.rest();
    tell(server, client);
    assertThat(opened(client, 9)).isEqualTo(Bytes.random(5, 8));
  }

  @Test
  void a_key_that_was_used_for_long_is_changed_and_the_peer_answers_that() throws Exception {
    shake();
    byte[] text = Bytes.random(TlsFixture.KEY_BYTES + 100_000, 9);
    server.take(ByteBuffer.wrap(sealed(client, text)));
    assertThat(Arrays.equals(opened(server, text.length), text)).isTrue();
    assertThat(server.output().hasRemaining()).isTrue();
    tell(server, client);
    client.take(ByteBuffer.wrap(sealed(server, Bytes.random(10, 10))));
    assertThat(opened(client, 10)).isEqualTo(Bytes.random(10, 10));
  }

  @Test
  void the_server_takes_the_first_protocol_that_both_know() throws Exception {
    shake();
    assertThat(client.protocol()).isEqualTo("samehost/1");
    assertThat(server.protocol()).isEqualTo("samehost/1");
    client = session(true, "TLSv1.3");
    server = TlsSessions.server(TlsFixture.server());
    shake();
    assertThat(server.protocol()).isEmpty();
  }
}
