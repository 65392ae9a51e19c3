package dev.samehost.interop.client;

import dev.samehost.interop.proto.Description;
import dev.samehost.interop.suite.Mismatch;
import dev.samehost.interop.suite.Step;
import io.grpc.Channel;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;

/** The server must see this process and its user, as far as {@code sees} says of the transport. */
final class PeerSeen implements Kind {
  @Override
  public void run(Step step, Session session, Channel channel) throws Exception {
    List<String> seen = step.sees().getOrDefault(session.transport, List.of());
    Description description = new Control(channel).describe();
    Object uid = Files.getAttribute(session.scratch.folder(), "unix:uid");
    Map<String, Boolean> right =
        Map.of(
            "pid",
            description.hasPeerPid() && description.getPeerPid() == ProcessHandle.current().pid(),
            "uid",
            description.hasPeerUid() && uid.equals(description.getPeerUid()));
    for (String what : seen) {
      Mismatch.unless(
          right.get(what), "expected our " + what + ", but the server saw " + description);
    }
    Mismatch.unless(
        description.getPeerAddress().startsWith(session.transport + ":"),
        "the server saw the address " + description.getPeerAddress());
  }
}
