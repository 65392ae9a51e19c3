package dev.samehost.interop.suite;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.reflect.TypeToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The data of the interop tests, as the folder {@code interop-tests} holds them. */
public final class Suite {
  private static final Gson GSON =
      new GsonBuilder()
          .setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
          .create();

  private final Path home;

  /** The suites of a folder {@code interop-tests}. */
  public Suite(Path home) {
    this.home = home;
  }

  /**
   * How a transport is used. {@code {folder}}, {@code {name}}, {@code {port}} and {@code {command}}
   * are filled in.
   *
   * @param server what a server is given
   * @param client what a client is given
   */
  public record TransportUse(String name, String server, String client) {
    /** Whether the client starts the server. */
    public boolean spawns() {
      return client.contains("{command}");
    }
  }

  /** A case that is known not to work; what is null holds for any. */
  public record Gap(
      @com.google.gson.annotations.SerializedName("case") String name,
      String client,
      String server,
      String transport,
      String why) {
    /** Whether it is about this run of this case. */
    public boolean covers(String which, String clientIs, String serverIs, String transportIs) {
      return name.equals(which)
          && (client == null || client.equals(clientIs))
          && (server == null || server.equals(serverIs))
          && (transport == null || transport.equals(transportIs));
    }
  }

  /** The cases with this name; those of a whole file for {@code all} and {@code faults}. */
  public List<Case> cases(String wanted) throws IOException {
    List<Case> cases = read("suites/cases.json", new TypeToken<List<Case>>() {});
    List<Case> faults = read("suites/faults.json", new TypeToken<List<Case>>() {});
    if (wanted.equals("all")) {
      return cases;
    }
    if (wanted.equals("faults")) {
      return faults;
    }
    List<Case> both = new ArrayList<>(cases);
    both.addAll(faults);
    List<Case> found = new ArrayList<>();
    for (String name : wanted.split(",", -1)) {
      found.add(
          both.stream()
              .filter(one -> one.name().equals(name))
              .findFirst()
              .orElseThrow(() -> new IllegalArgumentException("no such case: " + name)));
    }
    return found;
  }

  /** What is known not to work. */
  public List<Gap> gaps() throws IOException {
    return read("suites/gaps.json", new TypeToken<List<Gap>>() {});
  }

  /** How a transport is used; its name is the scheme of its addresses. */
  public TransportUse transport(String name) throws IOException {
    return read("suites/transports.json", new TypeToken<List<TransportUse>>() {}).stream()
        .filter(one -> one.name().equals(name))
        .findFirst()
        .orElseThrow(
            () -> new IllegalArgumentException("no transport " + name + " in transports.json"));
  }

  /** The catalogue of faults. */
  public Catalogue catalogue() throws IOException {
    return new Catalogue(
        read("../proto/vectors/faults.json", new TypeToken<List<Catalogue.Entry>>() {}));
  }

  /** The program that starts a server or a client of a language, or a folder of helpers. */
  public String path(String name) {
    return home.resolve(name).toString();
  }

  private <T> T read(String name, TypeToken<T> type) throws IOException {
    return GSON.fromJson(Files.readString(home.resolve(name)), type);
  }

  /** A template with its placeholders filled in. */
  public static String fill(String template, Map<String, String> values) {
    String filled = template;
    for (Map.Entry<String, String> value : values.entrySet()) {
      filled = filled.replace("{" + value.getKey() + "}", value.getValue());
    }
    return filled;
  }
}
