package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.ByteString;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.Codec;
import io.grpc.CompressorRegistry;
import io.grpc.DecompressorRegistry;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Messages are compressed where a call asks for it and the peer takes it. */
@Timeout(Setting.PATIENCE_SECONDS)
final class CompressionTest {
  private static final Note LARGE =
      Note.newBuilder().setData(ByteString.copyFrom(new byte[100_000])).build();

  private final Traces client = new Traces();
  private final Traces server = new Traces();

  /** Answers with what it is sent, compressed. */
  private static final class Compressing extends EchoGrpc.EchoImplBase {
    private final String codec;
    private final boolean every;

    Compressing(String codec, boolean every) {
      this.codec = codec;
      this.every = every;
    }

    @Override
    public void unary(Note request, StreamObserver<Note> responses) {
      ServerCallStreamObserver<Note> call = (ServerCallStreamObserver<Note>) responses;
      call.setCompression(codec);
      call.setMessageCompression(every);
      responses.onNext(request);
      responses.onCompleted();
    }
  }

  private SamehostServerBuilder serving(Setting setting, EchoGrpc.EchoImplBase service) {
    return setting.server().addService(service).addStreamTracerFactory(server.server());
  }

  private EchoGrpc.EchoBlockingStub stub(Setting setting, SamehostChannelBuilder channel) {
    return EchoGrpc.newBlockingStub(setting.open(channel))
        .withInterceptors(
            new ClientInterceptor() {
              @Override
              public <Q, A> ClientCall<Q, A> interceptCall(
                  MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
                return next.newCall(method, options.withStreamTracerFactory(client.client()));
              }
            });
  }

  private static void assertSqueezed(Traces traces, int message) {
    assertThat(traces.wireSizes.get(message)).isLessThan(traces.plainSizes.get(message) / 10);
  }

  private static void assertPlain(Traces traces, int message) {
    assertThat(traces.wireSizes.get(message)).isEqualTo(traces.plainSizes.get(message));
  }

  private static Status fails(EchoGrpc.EchoBlockingStub stub) {
    return assertThrows(StatusRuntimeException.class, () -> stub.unary(LARGE)).getStatus();
  }

  @Test
  void aRequestIsCompressedWhereTheCallAsksForIt() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.start(serving(setting, new EchoService()));
      EchoGrpc.EchoBlockingStub stub = stub(setting, setting.channel());
      assertThat(stub.withCompression("gzip").unary(LARGE)).isEqualTo(LARGE);
      server.awaitClosed();
    }
    assertSqueezed(client, 0);
    assertSqueezed(server, 0);
    assertPlain(server, 1);
  }

  @Test
  void anAnswerIsCompressedWhereTheHandlerAsksForIt() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.start(serving(setting, new Compressing("gzip", true)));
      assertThat(stub(setting, setting.channel()).unary(LARGE)).isEqualTo(LARGE);
    }
    assertPlain(client, 0);
    assertSqueezed(client, 1);
  }

  @Test
  void aMessageThatIsExemptTravelsAsItIs() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.start(serving(setting, new Compressing("gzip", false)));
      assertThat(stub(setting, setting.channel()).unary(LARGE)).isEqualTo(LARGE);
    }
    assertPlain(client, 1);
  }

  @Test
  void anAnswerIsNotCompressedForAClientThatDoesNotTakeIt() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.start(serving(setting, new Compressing("gzip", true)));
      SamehostChannelBuilder channel =
          setting.channel().decompressorRegistry(DecompressorRegistry.emptyInstance());
      assertThat(stub(setting, channel).unary(LARGE)).isEqualTo(LARGE);
    }
    assertPlain(client, 1);
  }

  @Test
  void aServerThatDoesNotKnowTheCodecSaysSo() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.start(
          serving(setting, new EchoService())
              .decompressorRegistry(DecompressorRegistry.emptyInstance()));
      Status status = fails(stub(setting, setting.channel()).withCompression("gzip"));
      assertThat(status.getCode()).isEqualTo(Status.Code.UNIMPLEMENTED);
      assertThat(status.getDescription()).contains("compressed by gzip");
    }
  }

  @Test
  void aCodecThatThisSideDoesNotKnowFailsTheCall() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.start(serving(setting, new EchoService()));
      Status status = fails(stub(setting, setting.channel()).withCompression("brotli"));
      assertThat(status.getCode()).isEqualTo(Status.Code.INTERNAL);
      assertThat(status.getDescription()).isEqualTo("Unable to find compressor by name brotli");
    }
  }

  @Test
  void aRequestThatGrowsOverTheServersLimitNamesItsOption() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.start(serving(setting, new EchoService()).maxInboundMessageSize(50_000));
      Status status = fails(stub(setting, setting.channel()).withCompression("gzip"));
      assertThat(status.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(status.getDescription())
          .isEqualTo(
              "the decompressed message exceeds maximum of 50000 bytes that the server takes."
                  + " Raise the maximum inbound message size there.");
    }
  }

  @Test
  void anAnswerThatGrowsOverTheClientsLimitNamesItsOption() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.start(serving(setting, new Compressing("gzip", true)));
      EchoGrpc.EchoBlockingStub stub =
          stub(setting, setting.channel().maxInboundMessageSize(50_000));
      Status ofTheChannel = fails(stub);
      assertThat(ofTheChannel.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(ofTheChannel.getDescription()).contains("50000 bytes that the client takes");
      Status ofTheCall = fails(stub.withMaxInboundMessageSize(40_000));
      assertThat(ofTheCall.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(ofTheCall.getDescription()).contains("40000 bytes that the client takes");
    }
  }

  /** Of a client whose gzip is something else, and a server that takes it for what it says. */
  private EchoGrpc.EchoBlockingStub lying(Setting setting, Codec codec) throws Exception {
    CompressorRegistry compressors = CompressorRegistry.newEmptyInstance();
    compressors.register(new Renamed("gzip", codec));
    setting.start(serving(setting, new EchoService()));
    return stub(setting, setting.channel().compressorRegistry(compressors));
  }

  @Test
  void aMessageThatIsNotWhatItsCodecMakesFailsItsCallAlone() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      EchoGrpc.EchoBlockingStub stub = lying(setting, new Deflate());
      Status status = fails(stub.withCompression("gzip"));
      assertThat(status.getCode()).isEqualTo(Status.Code.INTERNAL);
      assertThat(status.getDescription()).contains("the message of the client cannot be decoded");
      assertThat(stub.unary(LARGE)).isEqualTo(LARGE);
    }
  }

  @Test
  void aMessageThatEndsTooEarlyForItsCodecIsToldAsThat() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      EchoGrpc.EchoBlockingStub stub = lying(setting, new Dropping());
      assertThat(fails(stub.withCompression("gzip")).getDescription())
          .isEqualTo("the message of the client cannot be decoded: java.io.EOFException.");
    }
  }

  /** Makes nothing of whatever it is given. */
  private static final class Dropping implements Codec {
    @Override
    public String getMessageEncoding() {
      return "dropping";
    }

    @Override
    public OutputStream compress(OutputStream sink) {
      return OutputStream.nullOutputStream();
    }

    @Override
    public InputStream decompress(InputStream source) {
      return InputStream.nullInputStream();
    }
  }

  @Test
  void aCodecOfTheApplicationsOwnWorksWhereBothSidesHaveIt() throws Exception {
    CompressorRegistry compressors = CompressorRegistry.newEmptyInstance();
    compressors.register(new Deflate());
    DecompressorRegistry decompressors =
        DecompressorRegistry.emptyInstance().with(new Deflate(), true);
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.start(
          serving(setting, new Compressing("deflate", true))
              .compressorRegistry(compressors)
              .decompressorRegistry(decompressors));
      SamehostChannelBuilder channel =
          setting.channel().compressorRegistry(compressors).decompressorRegistry(decompressors);
      assertThat(stub(setting, channel).withCompression("deflate").unary(LARGE)).isEqualTo(LARGE);
    }
    assertSqueezed(client, 0);
    assertSqueezed(client, 1);
  }

  private static final class Deflate implements Codec {
    @Override
    public String getMessageEncoding() {
      return "deflate";
    }

    @Override
    public OutputStream compress(OutputStream sink) {
      return new DeflaterOutputStream(sink);
    }

    @Override
    public InputStream decompress(InputStream source) {
      return new InflaterInputStream(source);
    }
  }

  /** A codec under another one's name. */
  private record Renamed(String name, Codec codec) implements Codec {
    @Override
    public String getMessageEncoding() {
      return name;
    }

    @Override
    public OutputStream compress(OutputStream sink) throws IOException {
      return codec.compress(sink);
    }

    @Override
    public InputStream decompress(InputStream source) throws IOException {
      return codec.decompress(source);
    }
  }

  /** Fails as a codec does for which there is no memory left. */
  private static final class Exhausted implements Codec {
    @Override
    public String getMessageEncoding() {
      return "exhausted";
    }

    @Override
    public InputStream decompress(InputStream from) {
      throw new OutOfMemoryError("of the test");
    }

    @Override
    public OutputStream compress(OutputStream to) {
      return to;
    }
  }

  @Test
  void aMessageThatCannotBeDecompressedForAnErrorFailsItsCall() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      CompressorRegistry compressors = CompressorRegistry.newEmptyInstance();
      compressors.register(new Exhausted());
      DecompressorRegistry decompressors =
          DecompressorRegistry.emptyInstance().with(new Exhausted(), true);
      setting.start(
          setting.server().addService(new EchoService()).decompressorRegistry(decompressors));
      EchoGrpc.EchoBlockingStub stub =
          EchoGrpc.newBlockingStub(
              setting.open(
                  setting
                      .channel()
                      .compressorRegistry(compressors)
                      .decompressorRegistry(decompressors)));
      assertThat(fails(stub.withCompression("exhausted")).getCode())
          .isEqualTo(Status.Code.INTERNAL);
    }
  }

  @Test
  void aCallsOwnLimitHoldsForWhatItCompressesToo() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.startEcho();
      EchoGrpc.EchoBlockingStub stub =
          EchoGrpc.newBlockingStub(setting.open())
              .withCompression("gzip")
              .withMaxOutboundMessageSize(50_000);
      assertThat(fails(stub).getCode()).isEqualTo(Status.Code.CANCELLED);
    }
  }
}
