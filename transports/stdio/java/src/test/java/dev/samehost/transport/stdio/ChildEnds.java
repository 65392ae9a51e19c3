package dev.samehost.transport.stdio;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.samehost.transport.Link;
import dev.samehost.transport.Peer;
import dev.samehost.transport.posix.Access;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.FdLink;
import dev.samehost.transport.posix.SystemCallException;
import dev.samehost.transport.testkit.Bytes;
import dev.samehost.transport.testkit.LinkEnds;
import java.nio.file.Path;

/** Opens links whose both ends are in the test's own process. */
final class ChildEnds {
  private ChildEnds() {}

  /**
   * The host's end of a link to a real child, and the other ends of the child's pipes: the test
   * opens them for itself, and the child then lets go of them and does nothing.
   */
  static LinkEnds ofHost() throws Exception {
    Link near =
        Children.start(Children.IMPATIENT, "sh", "-c", "read -r go; exec sleep 1000 <&- >&-");
    String folder = "/proc/" + Children.pid(near) + "/fd/";
    Link far =
        FdLink.over(
            Fd.openSource(folder + 0),
            Access.NON_BLOCKING,
            Fd.openSink(folder + 1),
            Access.NON_BLOCKING,
            Peer.at("test:child"));
    Bytes.write(near, "go\n".getBytes(US_ASCII));
    Children.awaitPath(Path.of(folder + 0), false);
    Children.awaitPath(Path.of(folder + 1), false);
    return new LinkEnds(near, far);
  }

  /** The child's end of a link, over pipes that stand in for its standard streams. */
  static LinkEnds ofChild() throws SystemCallException {
    Peer peer = Peer.at("stdio:");
    try (Fd.Pipe there = Fd.pipe();
        Fd.Pipe back = Fd.pipe()) {
      StandardStream input = StandardStream.toRead(back.source().number());
      StandardStream output = StandardStream.toWrite(there.sink().number());
      Link pipes = FdLink.over(input.fd(), input.access(), output.fd(), output.access(), peer);
      Fd source = Fd.openSource("/proc/self/fd/" + there.source().number());
      Fd sink = Fd.openSink("/proc/self/fd/" + back.sink().number());
      return new LinkEnds(
          new HostLink(pipes, null, () -> {}),
          FdLink.over(source, Access.NON_BLOCKING, sink, Access.NON_BLOCKING, peer));
    }
  }
}
