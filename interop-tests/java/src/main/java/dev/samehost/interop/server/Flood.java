package dev.samehost.interop.server;

import dev.samehost.interop.Blocks;
import dev.samehost.interop.proto.Block;
import dev.samehost.interop.proto.FloodRequest;
import dev.samehost.interop.proto.FloodResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;

/** One call of Flood: writes as fast as the call takes it, whatever has come by then. */
final class Flood implements StreamObserver<FloodRequest> {
  private final ServerCallStreamObserver<FloodResponse> call;
  private long toWrite;
  private int messageBytes;
  private int written;
  private long read;
  private boolean intact = true;
  private boolean halfClosed;
  private boolean over;

  Flood(ServerCallStreamObserver<FloodResponse> call) {
    this.call = call;
    call.setOnReadyHandler(this::write);
    call.setOnCancelHandler(() -> over = true);
  }

  @Override
  public void onNext(FloodRequest request) {
    if (request.getMessageBytes() > 0) {
      toWrite = request.getResponseBytes();
      messageBytes = request.getMessageBytes();
    }
    read += request.getBlock().getBody().size();
    intact &= Blocks.isIntact(request.getBlock());
    write();
  }

  @Override
  public void onError(Throwable cancelled) {
    over = true;
  }

  @Override
  public void onCompleted() {
    halfClosed = true;
    write();
  }

  private void write() {
    while (!over && toWrite > 0 && call.isReady()) {
      Block block = Blocks.of(written++, (int) Math.min(toWrite, messageBytes));
      toWrite -= block.getBody().size();
      call.onNext(FloodResponse.newBuilder().setBlock(block).build());
    }
    if (!over && halfClosed && toWrite == 0) {
      over = true;
      call.onNext(FloodResponse.newBuilder().setReadBytes(read).setIntact(intact).build());
      call.onCompleted();
    }
  }
}
