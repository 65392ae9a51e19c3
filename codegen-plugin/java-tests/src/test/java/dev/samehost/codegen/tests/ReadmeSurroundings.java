package dev.samehost.codegen.tests;

import dev.samehost.stub.IncomingCall;
import io.grpc.BindableService;
import io.grpc.Channel;
import io.grpc.Metadata;
import io.grpc.ServerServiceDefinition;
import java.io.File;
import java.util.concurrent.TimeUnit;

/**
 * What the Java of the READMEs takes for granted: each piece of it stands in a class under this.
 */
abstract class ReadmeSurroundings {
  static final Metadata.Key<String> TOKEN = key("token");
  static final Metadata.Key<String> SERVED_BY = key("served-by");
  static final Metadata.Key<String> COST = key("cost");

  HelloRequest ada;
  HelloRequest alan;
  ServerServiceDefinition service;
  File caPem;
  File chainPem;
  File keyPem;
  IncomingCall call;
  com.google.rpc.Status rich;
  String key;

  static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  void show(HelloReply reply) {}

  /** What is left out of a class that greets. */
  abstract static class OtherGreetings implements Greeter {
    @Override
    public void helloAgain(HelloRequest request, java.util.function.Consumer<HelloReply> replies) {}

    @Override
    public HelloReply helloAll(Iterable<HelloRequest> requests) {
      return null;
    }

    @Override
    @SuppressWarnings("deprecation")
    public HelloReply hail(HelloRequest request) {
      return null;
    }
  }

  // ---- a stock service of somebody's own

  static final class HostService implements BindableService {
    @Override
    public ServerServiceDefinition bindService() {
      return null;
    }
  }

  static final class Entry {}

  static final class HostGrpc {
    static HostGrpc newBlockingStub(Channel channel) {
      return new HostGrpc();
    }

    HostGrpc withDeadlineAfter(long duration, TimeUnit unit) {
      return this;
    }

    Entry read(String key) {
      return null;
    }
  }
}
