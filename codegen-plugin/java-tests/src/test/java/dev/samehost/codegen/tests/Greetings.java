package dev.samehost.codegen.tests;

import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** A handler as a user would write it: it greets, and fails on names that ask for it. */
class Greetings implements Greeter {
  @Override
  public HelloReply hello(HelloRequest request) {
    switch (request.getName()) {
      case "nobody" -> throw Status.NOT_FOUND.withDescription("nobody there").asRuntimeException();
      case "secret" -> throw new IllegalArgumentException("a secret of the server");
      default -> {
        return reply("Hello " + request.getName());
      }
    }
  }

  @Override
  public void helloAgain(HelloRequest request, Consumer<HelloReply> replies) {
    for (int i = 1; i <= request.getTimes(); i++) {
      replies.accept(reply("Hello " + request.getName() + " " + i));
    }
  }

  @Override
  public HelloReply helloAll(Iterable<HelloRequest> requests) {
    List<String> names = new ArrayList<>();
    requests.forEach(request -> names.add(request.getName()));
    return reply("Hello " + String.join(", ", names));
  }

  @Override
  public void helloEach(Iterable<HelloRequest> requests, Consumer<HelloReply> replies) {
    for (HelloRequest request : requests) {
      replies.accept(hello(request));
    }
  }

  @Deprecated
  @Override
  public HelloReply hail(HelloRequest request) {
    return reply("Hail " + request.getName());
  }

  static HelloRequest request(String name) {
    return HelloRequest.newBuilder().setName(name).build();
  }

  static HelloReply reply(String text) {
    return HelloReply.newBuilder().setText(text).build();
  }
}
