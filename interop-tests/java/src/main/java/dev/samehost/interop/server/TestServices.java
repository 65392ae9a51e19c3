package dev.samehost.interop.server;

import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import java.util.List;

/** The services of the tests, as servers serve them, and clients offer them to be called back. */
public final class TestServices {
  private TestServices() {}

  /** Both of them, which know each other's calls. */
  public static List<ServerServiceDefinition> make() {
    KnownCalls calls = new KnownCalls();
    KeyInterceptor keys = new KeyInterceptor(calls);
    EchoInterceptor echo = new EchoInterceptor();
    CallerInterceptor caller = new CallerInterceptor();
    return List.of(
        ServerInterceptors.intercept(new TestService(), keys, echo, caller),
        ServerInterceptors.intercept(new ControlService(calls), keys, echo, caller));
  }
}
