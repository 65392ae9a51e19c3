package dev.samehost.interop.client;

import dev.samehost.interop.suite.Mismatch;
import dev.samehost.interop.suite.Step;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.stub.MetadataUtils;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** What one call is made with, and the metadata that came back. */
final class Call {
  /** Ends a call that would hang, and so its case. */
  private static final long PATIENCE_SECONDS = 60;

  final Channel channel;
  final CallOptions options;
  private final AtomicReference<Metadata> headers = new AtomicReference<>();
  private final AtomicReference<Metadata> trailers = new AtomicReference<>();

  /**
   * @param key by which the server is to know the call, or null
   */
  Call(Channel channel, Step step, String key) {
    this.channel =
        ClientInterceptors.intercept(
            channel,
            MetadataUtils.newAttachHeadersInterceptor(step.metadata(key)),
            MetadataUtils.newCaptureMetadataInterceptor(headers, trailers));
    this.options =
        step.deadlineMs() == null
            ? CallOptions.DEFAULT.withDeadlineAfter(PATIENCE_SECONDS, TimeUnit.SECONDS)
            : CallOptions.DEFAULT.withDeadlineAfter(step.deadlineMs(), TimeUnit.MILLISECONDS);
  }

  /** Checks how the call has ended. */
  void check(Step step, Session session, Status status) throws Mismatch {
    step.expect().check(status);
    step.expect().checkFault(status, session.transport, session.address, session.catalogue);
    step.expect().check(headers.get(), trailers.get());
  }
}
