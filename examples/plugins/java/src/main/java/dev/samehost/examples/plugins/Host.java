package dev.samehost.examples.plugins;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** Knows what each of its plugins can do, and has documents transformed by whoever can. */
final class Host implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final Map<String, PluginProcess> plugins = new LinkedHashMap<>();
  private final Map<String, PluginProcess> transformations = new LinkedHashMap<>();

  /**
   * Starts the plugins, all at once. One that does not start is left out.
   *
   * @param commands by the plugins' names
   */
  Host(Map<String, String> commands, Workspace workspace) {
    Map<String, CompletableFuture<DescribeReply>> starting = new LinkedHashMap<>();
    commands.forEach(
        (name, command) -> {
          PluginProcess plugin = new PluginProcess(name, command, workspace, PATIENCE);
          plugins.put(name, plugin);
          starting.put(name, plugin.start());
        });
    starting.forEach(this::register);
  }

  private void register(String name, CompletableFuture<DescribeReply> starting) {
    try {
      for (Transformation offered : starting.join().getTransformationsList()) {
        transformations.putIfAbsent(offered.getName(), plugins.get(name));
        System.out.printf("  %s: %s (%s)%n", name, offered.getName(), offered.getSummary());
      }
    } catch (CompletionException failure) {
      System.out.printf("  %s is left out: %s%n", name, failure.getCause().getMessage());
    }
  }

  /**
   * Has a document transformed. A document that has made its plugin crash is not tried again: it
   * would do the same.
   *
   * @throws StatusRuntimeException as {@link PluginProcess#transform}
   */
  String transform(String transformation, String path) {
    PluginProcess plugin = transformations.get(transformation);
    if (plugin == null) {
      throw Status.NOT_FOUND
          .withDescription("no plugin makes " + transformation)
          .asRuntimeException();
    }
    return plugin.transform(
        TransformRequest.newBuilder()
            .setTransformation(transformation)
            .setPath(path)
            .setJob(transformation + " of " + path)
            .build());
  }

  /** The plugins by name, those that did not start too. */
  Map<String, PluginProcess> plugins() {
    return plugins;
  }

  /** Ends the plugins. */
  @Override
  public void close() {
    plugins.values().forEach(PluginProcess::close);
  }
}
