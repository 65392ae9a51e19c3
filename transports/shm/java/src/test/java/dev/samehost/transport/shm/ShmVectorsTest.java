package dev.samehost.transport.shm;

import static com.google.common.truth.Truth.assertThat;
import static com.google.common.truth.Truth.assertWithMessage;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.samehost.transport.posix.Fd;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Replays the vectors of the layout, of positions and of a peer's lies. */
final class ShmVectorsTest {
  private static JsonObject vectors() throws IOException {
    Path file = Path.of(System.getProperty("samehost.repository"), "proto/vectors/shm.json");
    return JsonParser.parseString(Files.readString(file)).getAsJsonObject();
  }

  private static JsonArray list(String name) throws IOException {
    return vectors().getAsJsonArray(name);
  }

  private static byte[] bytes(JsonObject vector, String name) {
    return HexFormat.of().parseHex(vector.get(name).getAsString());
  }

  private static int ringBytes() throws IOException {
    return vectors().getAsJsonObject("layout").get("ring_bytes").getAsInt();
  }

  /** What is in the memory, read by its descriptor. */
  private static byte[] found(Fd memory, long at, int count) throws IOException {
    try (FileChannel file = FileChannel.open(Path.of("/proc/self/fd/" + memory.number()))) {
      ByteBuffer found = ByteBuffer.allocate(count);
      assertThat(file.read(found, at)).isEqualTo(count);
      return found.array();
    }
  }

  @Test
  void a_wish_for_a_size_gives_the_size_that_the_vectors_say() throws Exception {
    for (JsonElement element : list("sizes")) {
      JsonObject vector = element.getAsJsonObject();
      int wanted = (int) vector.get("wanted").getAsLong();
      int most = (int) Math.min(Integer.MAX_VALUE, vector.get("most").getAsLong());
      assertWithMessage(vector.toString())
          .that(Side.ringSizeFor(wanted, most))
          .isEqualTo(vector.get("given").getAsInt());
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void the_memory_is_laid_out_as_the_vectors_say() throws Exception {
    JsonObject layout = vectors().getAsJsonObject("layout");
    assertThat(Side.regionBytes(ringBytes())).isEqualTo(layout.get("bytes").getAsInt());
    for (Side side : Side.values()) {
      JsonObject places = layout.getAsJsonObject(side == Side.CONNECTOR ? "connector" : "acceptor");
      assertThat(side.tailAt).isEqualTo(places.get("tail_at").getAsInt());
      assertThat(side.headAt).isEqualTo(places.get("head_at").getAsInt());
      assertThat(side.wordAt).isEqualTo(places.get("word_at").getAsInt());
      assertThat(side.ringAt(ringBytes())).isEqualTo(places.get("ring_at").getAsInt());
    }
    JsonObject bits = layout.getAsJsonObject("bits");
    assertThat(bits.get("wait_data").getAsInt()).isEqualTo(Side.WAIT_DATA);
    assertThat(bits.get("wait_space").getAsInt()).isEqualTo(Side.WAIT_SPACE);
    assertThat(bits.get("plugged").getAsInt()).isEqualTo(Side.PLUGGED);
    assertThat(bits.get("closed").getAsInt()).isEqualTo(Side.CLOSED);
    Region.Created created = Region.create(ringBytes());
    byte[] begin = bytes(layout, "begin");
    assertThat(found(created.descriptor(), 0, begin.length)).isEqualTo(begin);
    created.region().close();
    created.descriptor().close();
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void bytes_are_written_and_read_where_the_vectors_say() throws Exception {
    for (JsonElement element : list("streams")) {
      for (Side side : Side.values()) {
        Region.Created created = Region.create(ringBytes());
        replayStream(element.getAsJsonObject(), side, created.region(), created.descriptor());
        created.region().close();
        created.descriptor().close();
      }
    }
  }

  private static void replayStream(JsonObject vector, Side side, Region region, Fd memory)
      throws IOException {
    String shows = vector.get("shows").getAsString();
    long position = vector.get("position").getAsLong();
    long after = vector.get("position_after").getAsLong();
    byte[] written = bytes(vector, "bytes");
    region.setTail(side, position);
    region.setHead(side, position);
    RingWriter writer = new RingWriter(side, position, position);
    assertThat(writer.write(region, ByteBuffer.wrap(written))).isEqualTo(written.length);
    assertWithMessage(shows).that(region.tail(side)).isEqualTo(after);
    for (JsonElement element : vector.getAsJsonArray("ring")) {
      JsonObject piece = element.getAsJsonObject();
      byte[] expected = bytes(piece, "hex");
      long at = side.ringAt(region.ringBytes()) + piece.get("at").getAsLong();
      assertWithMessage(shows).that(found(memory, at, expected.length)).isEqualTo(expected);
    }
    ByteBuffer read = ByteBuffer.allocate(written.length + 1);
    RingReader reader = new RingReader(side, position, position);
    assertThat(reader.read(region, read)).isEqualTo(written.length);
    assertWithMessage(shows).that(Arrays.copyOf(read.array(), written.length)).isEqualTo(written);
    assertWithMessage(shows).that(region.head(side)).isEqualTo(after);
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void every_lie_of_the_vectors_is_found() throws Exception {
    Side side = Side.CONNECTOR;
    for (JsonElement element : list("lies")) {
      JsonObject vector = element.getAsJsonObject();
      long own = vector.get("own").getAsLong();
      long seen = vector.get("seen").getAsLong();
      long claimed = vector.get("claimed").getAsLong();
      Region.Created created = Region.create(ringBytes());
      int answer;
      if (vector.get("end").getAsString().equals("reader")) {
        created.region().setTail(side, claimed);
        answer = new RingReader(side, own, seen).there(created.region());
      } else {
        created.region().setHead(side, claimed);
        answer = new RingWriter(side, own, seen).room(created.region());
      }
      assertWithMessage(vector.get("what").getAsString()).that(answer).isEqualTo(RingWriter.LIE);
      created.region().close();
      created.descriptor().close();
    }
  }
}
