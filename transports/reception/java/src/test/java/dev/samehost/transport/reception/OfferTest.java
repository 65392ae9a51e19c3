package dev.samehost.transport.reception;

import static com.google.common.truth.Truth.assertThat;
import static com.google.common.truth.Truth.assertWithMessage;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.samehost.transport.Listener.FirstBytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** Replays the vectors of what is said before there is shared memory. */
final class OfferTest {
  private static JsonObject vectors() throws IOException {
    Path file = Path.of(System.getProperty("samehost.repository"), "proto/vectors/shm.json");
    return JsonParser.parseString(Files.readString(file)).getAsJsonObject();
  }

  private static JsonArray list(String name) throws IOException {
    return vectors().getAsJsonArray(name);
  }

  private static ByteBuffer bytes(JsonObject vector) {
    return ByteBuffer.wrap(HexFormat.of().parseHex(vector.get("hex").getAsString()));
  }

  @Test
  void offers_are_told_from_all_else_by_their_first_byte_and_are_the_vectors() throws Exception {
    for (JsonElement element : list("offers")) {
      JsonObject vector = element.getAsJsonObject();
      ByteBuffer bytes = bytes(vector);
      Offer offer =
          new Offer(vector.get("version").getAsInt(), vector.get("ring_bytes").getAsInt());
      assertThat(offer.encode()).isEqualTo(bytes);
      for (int end = 1; end < bytes.capacity(); end++) {
        assertThat(Offer.judge(bytes.slice(0, end))).isEqualTo(FirstBytes.MORE);
      }
      assertThat(Offer.judge(bytes)).isEqualTo(FirstBytes.YES);
      assertThat(Offer.decode(bytes)).isEqualTo(offer);
      assertThat(bytes.hasRemaining()).isFalse();
    }
    for (String other : new String[] {"f553484f53540d0a", "50", "f6534858"}) {
      assertThat(Offer.judge(ByteBuffer.wrap(HexFormat.of().parseHex(other))))
          .isEqualTo(FirstBytes.NO);
    }
  }

  @Test
  void answers_are_the_vectors_and_wait_for_their_last_byte() throws Exception {
    for (JsonElement element : list("answers")) {
      JsonObject vector = element.getAsJsonObject();
      ByteBuffer bytes = bytes(vector);
      Answer answer =
          vector.get("verdict").getAsString().equals("accepted")
              ? Answer.accepted(vector.get("ring_bytes").getAsInt())
              : Answer.refused(vector.get("errno").getAsInt(), vector.get("reason").getAsString());
      assertThat(answer.encode()).isEqualTo(bytes);
      for (int end = 0; end < bytes.capacity(); end++) {
        assertThat(Answer.decode(bytes.slice(0, end)).kind()).isEqualTo(Answer.Kind.MORE);
      }
      assertThat(Answer.decode(bytes)).isEqualTo(new Answer.Decoded(Answer.Kind.WHOLE, answer));
    }
  }

  @Test
  void what_is_no_answer_is_refused() throws Exception {
    for (JsonElement element : list("no_answers")) {
      JsonObject vector = element.getAsJsonObject();
      assertWithMessage(vector.get("what").getAsString())
          .that(Answer.decode(bytes(vector)).kind())
          .isEqualTo(Answer.Kind.NONSENSE);
    }
  }

  @Test
  void a_verdict_is_one_byte() throws Exception {
    JsonObject verdicts = vectors().getAsJsonObject("verdicts");
    HexFormat hex = HexFormat.of();
    assertThat(hex.toHexDigits(Offer.ACK)).isEqualTo(verdicts.get("ack").getAsString());
    assertThat(hex.toHexDigits(Offer.NAK)).isEqualTo(verdicts.get("nak").getAsString());
  }

  @Test
  void a_text_that_is_too_long_is_cut_between_two_characters() {
    ByteBuffer bytes = Answer.refused(0, "ö".repeat(1000)).encode();
    assertThat(Answer.decode(bytes).answer().reason()).isEqualTo("ö".repeat(512));
    ByteBuffer odd = Answer.refused(0, "x" + "ö".repeat(1000)).encode();
    assertThat(Answer.decode(odd).answer().reason()).isEqualTo("x" + "ö".repeat(511));
  }
}
