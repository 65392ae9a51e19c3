package dev.samehost;

import com.google.common.util.concurrent.Uninterruptibles;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.Server;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CountDownLatch;

/** The program that a test starts as a child, or as a server of its own. */
public final class EchoChild {
  private EchoChild() {}

  /**
   * Serves on its own standard input and output until the host ends it, or at an address. With the
   * text "die" a call kills the process; an answer that repeats does not end, and a call with the
   * text "repeated" is answered behind all of it.
   */
  public static void main(String[] arguments) throws Exception {
    CountDownLatch repeated = new CountDownLatch(1);
    Server server =
        SamehostServerBuilder.forAddress(arguments.length == 0 ? "stdio:" : arguments[0])
            .addService(
                new EchoGrpc.EchoImplBase() {
                  @Override
                  public void unary(Note request, StreamObserver<Note> responses) {
                    if (request.getText().equals("die")) {
                      Runtime.getRuntime().halt(3);
                    }
                    if (request.getText().equals("repeated")) {
                      Uninterruptibles.awaitUninterruptibly(repeated);
                    }
                    System.out.println("printed by a handler"); // goes to stderr by now
                    responses.onNext(request);
                    responses.onCompleted();
                  }

                  @Override
                  public void repeat(Note request, StreamObserver<Note> responses) {
                    for (int i = 0; i < request.getCount(); i++) {
                      responses.onNext(Note.newBuilder().setCount(i).build());
                    }
                    repeated.countDown();
                  }
                })
            .build()
            .start();
    server.awaitTermination();
  }
}
