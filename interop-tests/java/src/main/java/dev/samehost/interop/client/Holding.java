package dev.samehost.interop.client;

import dev.samehost.interop.Keys;
import dev.samehost.interop.proto.ControlServiceGrpc;
import dev.samehost.interop.proto.HoldRequest;
import dev.samehost.interop.proto.HoldResponse;
import io.grpc.Channel;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;

/** What a client program does that another one is going to kill: it keeps a call open. */
final class Holding {
  private Holding() {}

  /** Opens a call with a key, says so on standard output, and waits. */
  static void hold(Session session, String key) throws Exception {
    Channel channel = session.channel();
    Metadata metadata = new Metadata();
    metadata.put(Keys.TEST_KEY, key);
    Received<HoldResponse> answers = new Received<>();
    ControlServiceGrpc.newStub(channel)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata))
        .hold(HoldRequest.getDefaultInstance(), answers);
    Control control = new Control(channel);
    control.awaitOpen(key);
    System.out.println("HOLDING " + control.describe().getPid());
    System.out.flush();
    HoldResponse unused = answers.message();
  }
}
