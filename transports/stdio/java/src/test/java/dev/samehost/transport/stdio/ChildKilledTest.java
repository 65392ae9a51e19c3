package dev.samehost.transport.stdio;

import dev.samehost.transport.Link;
import dev.samehost.transport.testkit.KilledPeerContract;

final class ChildKilledTest implements KilledPeerContract {
  @Override
  public Mortal openToProcess() throws Exception {
    Link link = Children.start(Children.IMPATIENT, "sh", "-c", "printf alive; exec sleep 1000");
    return new Mortal(
        link, () -> ProcessHandle.of(Children.pid(link)).ifPresent(ProcessHandle::destroyForcibly));
  }
}
