package dev.samehost.interop.client;

import dev.samehost.interop.suite.Step;
import io.grpc.Channel;

/** What a step of a case does. It knows nothing of other steps, and leaves nothing open. */
interface Kind {
  /**
   * Runs a step.
   *
   * @param channel what the step calls, unless it makes its own
   * @throws Exception whatever it is, it says why the case has failed
   */
  void run(Step step, Session session, Channel channel) throws Exception;
}
