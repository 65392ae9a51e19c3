package dev.samehost.json;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.grpc.Server;
import java.io.EOFException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How connections end: by a client that goes, by a server that is shut down. */
@Timeout(120)
final class EndsTest {
  private static void awaitTermination(Server server) throws InterruptedException {
    assertThat(server.awaitTermination(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
  }

  @ParameterizedTest
  @EnumSource
  @Execution(ExecutionMode.CONCURRENT)
  void aClientThatClosesCancelsItsCall(Setting.Case which) throws Exception {
    Held held = new Held();
    try (Setting setting = new Setting(which)) {
      setting.start(Types.unary(held::handle));
      Client client = setting.connect();
      client.send(Client.request(Types.UNARY, "{}"));
      assertThat(held.next()).isNotNull();
      assertThat(held.cancelled.getCount()).isEqualTo(1);
      client.close();
      held.awaitCancelled();
    }
  }

  @ParameterizedTest
  @EnumSource
  @Execution(ExecutionMode.CONCURRENT)
  void aClientThatClosesItsSendingHalfCancelsItsCall(Setting.Case which) throws Exception {
    Held held = new Held();
    try (Setting setting = new Setting(which)) {
      setting.start(Types.unary(held::handle));
      Client client = setting.connect();
      client.send(Client.request(Types.UNARY, "{}"));
      assertThat(held.next()).isNotNull();
      client.shutdownOutput();
      held.awaitCancelled();
      assertThat(client.ends()).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource
  @Execution(ExecutionMode.CONCURRENT)
  void aClientThatClosesWithinARequestLeavesNothing(Setting.Case which) throws Exception {
    Held held = new Held();
    String request = Client.request(Types.UNARY, "{\"name\":\"Ada\"}");
    try (Setting setting = new Setting(which)) {
      Server server = setting.start(Types.unary(held::handle));
      for (int length = 6; length < request.length(); length += 7) {
        Client client = setting.connect();
        client.send(request.substring(0, length));
        client.close();
      }
      server.shutdown();
      awaitTermination(server);
      assertThat(held.hasMore()).isFalse();
    }
  }

  @ParameterizedTest
  @EnumSource
  @Execution(ExecutionMode.CONCURRENT)
  void aShutdownClosesConnectionsWithoutACall(Setting.Case which) throws Exception {
    try (Setting setting = new Setting(which)) {
      Server server = setting.start(Types.echo());
      Client client = setting.connect();
      assertThat(client.call(Types.UNARY, "{}").status()).isEqualTo(200);
      server.shutdown();
      assertThat(client.ends()).isTrue();
      awaitTermination(server);
    }
  }

  @ParameterizedTest
  @EnumSource
  @Execution(ExecutionMode.CONCURRENT)
  void aShutdownLetsAnOpenCallHaveItsAnswer(Setting.Case which) throws Exception {
    Held held = new Held();
    try (Setting setting = new Setting(which)) {
      Server server = setting.start(Types.unary(held::handle));
      Client client = setting.connect();
      client.send(Client.request(Types.UNARY, "{\"name\":\"Ada\"}"));
      Held.Open open = held.next();
      server.shutdown();
      assertThat(server.awaitTermination(300, TimeUnit.MILLISECONDS)).isFalse();
      open.answer();
      Client.Answer answer = client.answer();
      assertThat(answer.text()).isEqualTo("{\"name\":\"Ada\"}");
      assertThat(answer.header("connection")).isEqualTo("close");
      assertThat(client.ends()).isTrue();
      awaitTermination(server);
    }
  }

  @ParameterizedTest
  @EnumSource
  @Execution(ExecutionMode.CONCURRENT)
  void aShutdownDoesNotCallWhatWasSentAhead(Setting.Case which) throws Exception {
    Held held = new Held();
    try (Setting setting = new Setting(which)) {
      Server server = setting.start(Types.unary(held::handle));
      Client client = setting.connect();
      String request = Client.request(Types.UNARY, "{}");
      client.send(request + request);
      Held.Open open = held.next();
      server.shutdown();
      assertThat(server.awaitTermination(300, TimeUnit.MILLISECONDS)).isFalse();
      open.answer();
      assertThat(client.answer().header("connection")).isEqualTo("close");
      assertThrows(EOFException.class, client::answer);
      awaitTermination(server);
      assertThat(held.hasMore()).isFalse();
    }
  }

  @ParameterizedTest
  @EnumSource
  @Execution(ExecutionMode.CONCURRENT)
  void aShutdownNowEndsAnOpenCall(Setting.Case which) throws Exception {
    Held held = new Held();
    try (Setting setting = new Setting(which)) {
      Server server = setting.start(Types.unary(held::handle));
      Client client = setting.connect();
      client.send(Client.request(Types.UNARY, "{}"));
      assertThat(held.next()).isNotNull();
      server.shutdownNow();
      Client.Answer answer = client.answer();
      assertThat(answer.status()).isEqualTo(503);
      assertThat(answer.code()).isEqualTo("unavailable");
      held.awaitCancelled();
      assertThat(client.ends()).isTrue();
      awaitTermination(server);
    }
  }

  @ParameterizedTest
  @EnumSource
  @Execution(ExecutionMode.CONCURRENT)
  void aClientThatDoesNotReadDoesNotKeepAServerFromEndingNow(Setting.Case which) throws Exception {
    String json = "{\"name\":\"" + "x".repeat(3_000_000) + "\"}";
    Held held = new Held();
    try (Setting setting = new Setting(which)) {
      Server server = setting.start(Types.unary(held::handle));
      Client client = setting.connect();
      client.send(Client.request(Types.UNARY, json));
      held.next().answer();
      server.shutdownNow();
      awaitTermination(server);
    }
  }
}
