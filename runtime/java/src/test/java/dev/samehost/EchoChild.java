package dev.samehost;

import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.Server;
import io.grpc.stub.StreamObserver;

/** The program that a test starts as a child: it serves on its own standard input and output. */
public final class EchoChild {
  private EchoChild() {}

  /** Serves until the host ends it; with the text "die" a call kills the process. */
  public static void main(String[] arguments) throws Exception {
    Server server =
        SamehostServerBuilder.forAddress("stdio:")
            .addService(
                new EchoGrpc.EchoImplBase() {
                  @Override
                  public void unary(Note request, StreamObserver<Note> responses) {
                    if (request.getText().equals("die")) {
                      Runtime.getRuntime().halt(3);
                    }
                    System.out.println("printed by a handler"); // goes to stderr by now
                    responses.onNext(request);
                    responses.onCompleted();
                  }
                })
            .build()
            .start();
    server.awaitTermination();
  }
}
