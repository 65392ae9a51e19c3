package dev.samehost.wire;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** Reads the vectors, and the parts that all of them are made of. */
public final class Vectors {
  private Vectors() {}

  /** The repository's root folder. */
  public static Path repository() {
    return Path.of(System.getProperty("samehost.repository"));
  }

  /** The cases of a file in proto/vectors. */
  public static List<JsonObject> read(String file) {
    try {
      String text = Files.readString(repository().resolve("proto/vectors").resolve(file));
      List<JsonObject> cases = new ArrayList<>();
      for (JsonElement each : JsonParser.parseString(text).getAsJsonArray()) {
        cases.add(each.getAsJsonObject());
      }
      return cases;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A string of a case, or null where it is absent or null. */
  public static String string(JsonObject json, String key) {
    JsonElement value = json.get(key);
    return value == null || value.isJsonNull() ? null : value.getAsString();
  }

  /** A number of a case, 0 where it is absent. */
  public static long number(JsonObject json, String key) {
    return json.has(key) ? json.get(key).getAsLong() : 0;
  }

  /** Whether a case says so. */
  public static boolean flag(JsonObject json, String key) {
    return json.has(key) && json.get(key).getAsBoolean();
  }

  /** Bytes in hex, or null where they are absent. */
  public static byte[] bytes(JsonObject json, String key) {
    String hex = string(json, key);
    return hex == null ? null : HexFormat.of().parseHex(hex);
  }

  /** Metadata, or null where they are absent. */
  public static MetadataBlock metadata(JsonObject json, String key) {
    if (!json.has(key)) {
      return null;
    }
    MetadataBlock.Builder block = MetadataBlock.builder();
    for (JsonElement each : json.getAsJsonArray(key)) {
      JsonArray pair = each.getAsJsonArray();
      block.add(pair.get(0).getAsString(), HexFormat.of().parseHex(pair.get(1).getAsString()));
    }
    return block.build();
  }

  /** A HELLO. */
  public static Hello hello(JsonObject json) {
    List<String> features = new ArrayList<>();
    if (json.has("features")) {
      json.getAsJsonArray("features").forEach(each -> features.add(each.getAsString()));
    }
    String implementation = string(json, "implementation");
    return new Hello(
        (int) number(json, "min_version"),
        (int) number(json, "max_version"),
        implementation == null ? "" : implementation,
        number(json, "pid"),
        number(json, "pid_namespace"),
        features,
        (int) number(json, "max_frame_bytes"),
        (int) number(json, "initial_credit"),
        (int) number(json, "max_message_bytes"),
        (int) number(json, "max_metadata_bytes"),
        (int) number(json, "max_streams"),
        (int) number(json, "max_methods"));
  }
}
