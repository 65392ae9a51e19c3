package dev.samehost;

import io.grpc.Attributes;
import io.grpc.CallCredentials;
import io.grpc.CallOptions;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.SecurityLevel;
import io.grpc.Status;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** Asks the credentials of a call for what they add to its metadata. */
final class Credentials {
  private Credentials() {}

  /**
   * Asks, and does not wait for the answer.
   *
   * @param security how safe what is sent there is
   * @param authority what the credentials are for, as the caller names it
   * @param complete is given the metadata with what the credentials added
   * @param fail is given why they do not let the call go
   */
  static void apply(
      CallOptions options,
      MethodDescriptor<?, ?> method,
      SecurityLevel security,
      String authority,
      Executor executor,
      Metadata headers,
      Consumer<Metadata> complete,
      Consumer<Status> fail) {
    Applier applier = new Applier(headers, complete, fail);
    Request request = new Request(method, security, authority);
    try {
      options.getCredentials().applyRequestMetadata(request, executor, applier);
    } catch (RuntimeException | Error e) {
      applier.fail(
          Status.UNAUTHENTICATED
              .withDescription("Credentials should use fail() instead of throwing exceptions")
              .withCause(e));
    }
  }

  private static final class Request extends CallCredentials.RequestInfo {
    private final MethodDescriptor<?, ?> method;
    private final SecurityLevel security;
    private final String authority;

    private Request(MethodDescriptor<?, ?> method, SecurityLevel security, String authority) {
      this.method = method;
      this.security = security;
      this.authority = authority;
    }

    @Override
    public MethodDescriptor<?, ?> getMethodDescriptor() {
      return method;
    }

    @Override
    public SecurityLevel getSecurityLevel() {
      return security;
    }

    @Override
    public String getAuthority() {
      return authority;
    }

    @Override
    public Attributes getTransportAttrs() {
      return Attributes.EMPTY;
    }
  }

  private static final class Applier extends CallCredentials.MetadataApplier {
    private final Metadata headers;
    private final Consumer<Metadata> complete;
    private final Consumer<Status> fail;
    private final AtomicBoolean answered = new AtomicBoolean();

    private Applier(Metadata headers, Consumer<Metadata> complete, Consumer<Status> fail) {
      this.headers = headers;
      this.complete = complete;
      this.fail = fail;
    }

    @Override
    public void apply(Metadata added) {
      answer();
      headers.merge(added);
      complete.accept(headers);
    }

    @Override
    public void fail(Status status) {
      if (status.isOk()) {
        throw new IllegalArgumentException("credentials do not fail with OK");
      }
      answer();
      fail.accept(status);
    }

    private void answer() {
      if (answered.getAndSet(true)) {
        throw new IllegalStateException("the credentials have answered already");
      }
    }
  }
}
