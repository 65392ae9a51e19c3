package dev.samehost.examples.plugins;

import io.grpc.Status;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** What plugins may ask of the host: the documents of one folder, and nothing beside it. */
final class FolderWorkspace implements Workspace {
  private static final long LARGEST_DOCUMENT = 1 << 20;

  private final Path folder;
  private final Map<String, ReportRequest> reports = new ConcurrentHashMap<>();

  FolderWorkspace(Path folder) throws IOException {
    this.folder = folder.toRealPath();
  }

  /** How far a job has come; null where nothing is known. */
  ReportRequest progress(String job) {
    return reports.get(job);
  }

  @Override
  public ListReply list(ListRequest request) {
    try (Stream<Path> files = Files.walk(folder)) {
      return ListReply.newBuilder()
          .addAllPaths(
              files
                  .filter(Files::isRegularFile)
                  .map(file -> folder.relativize(file).toString())
                  .sorted()
                  .toList())
          .build();
    } catch (IOException failure) {
      throw new UncheckedIOException(failure); // logged here; the plugin gets UNKNOWN
    }
  }

  @Override
  public ReadReply read(ReadRequest request) {
    try {
      Path file = folder.resolve(request.getPath()).toRealPath(); // after links and dots
      if (!file.startsWith(folder)) {
        throw refused(Status.PERMISSION_DENIED, request, "is outside of the workspace");
      }
      if (Files.size(file) > LARGEST_DOCUMENT) {
        throw refused(Status.RESOURCE_EXHAUSTED, request, "is larger than 1 MiB");
      }
      return ReadReply.newBuilder().setText(Files.readString(file)).build();
    } catch (NoSuchFileException missing) {
      throw refused(Status.NOT_FOUND, request, "does not exist");
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  @Override
  public ReportReply report(ReportRequest request) {
    System.out.printf(
        "    %s: %d of %d documents%n", request.getJob(), request.getDone(), request.getTotal());
    reports.put(request.getJob(), request);
    return ReportReply.getDefaultInstance();
  }

  private static RuntimeException refused(Status status, ReadRequest request, String why) {
    return status.withDescription(request.getPath() + " " + why).asRuntimeException();
  }
}
