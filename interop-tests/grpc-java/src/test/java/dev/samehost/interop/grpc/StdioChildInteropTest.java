package dev.samehost.interop.grpc;

import dev.samehost.SamehostChannelBuilder;
import dev.samehost.transport.stdio.StdioOptions;
import io.grpc.ManagedChannelBuilder;
import io.grpc.testing.integration.AbstractInteropTest;
import java.util.List;
import java.util.Set;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.junit.runners.BlockJUnit4ClassRunner;
import org.junit.runners.model.FrameworkMethod;
import org.junit.runners.model.InitializationError;

/** gRPC's own suite against a child that serves its host: all of it that looks into no server. */
@RunWith(StdioChildInteropTest.OfAnotherProcess.class)
public final class StdioChildInteropTest extends AbstractInteropTest {
  @Override
  protected ManagedChannelBuilder<?> createChannelBuilder() {
    return SamehostChannelBuilder.forAddress("stdio:")
        .transportOption(StdioOptions.ARGUMENTS, Jvm.command(Child.class))
        .intercept(createCensusStatsClientInterceptor());
  }

  @Test
  public void clientCompressedUnary() throws Exception {
    clientCompressedUnary(false);
  }

  @Test
  public void clientCompressedStreaming() throws Exception {
    clientCompressedStreaming(false);
  }

  /** Runs the suite without what looks into the server, which {@link StdioInteropTest} has. */
  public static final class OfAnotherProcess extends BlockJUnit4ClassRunner {
    private static final Set<String> LOOK_INSIDE =
        Set.of("sendsTimeoutHeader", "censusContextsPropagated");

    /** As JUnit wants it. */
    public OfAnotherProcess(Class<?> suite) throws InitializationError {
      super(suite);
    }

    @Override
    protected List<FrameworkMethod> computeTestMethods() {
      return super.computeTestMethods().stream()
          .filter(test -> !LOOK_INSIDE.contains(test.getName()))
          .toList();
    }
  }
}
