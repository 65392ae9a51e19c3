package dev.samehost.codegen.tests;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.codegen.tests.Greetings.reply;
import static dev.samehost.codegen.tests.Greetings.request;

import dev.samehost.stub.Conversation;
import dev.samehost.stub.Replies;
import dev.samehost.stub.Requests;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each kind of call, through the generated client and server. */
abstract class CallKindsContract extends Served {
  private GreeterClient greeter;

  @BeforeEach
  void serve() throws Exception {
    greeter = serve(new Greetings());
  }

  @Test
  void aUnaryCallGivesItsReply() throws Exception {
    assertThat(greeter.hello(request("Ada"))).isEqualTo(reply("Hello Ada"));
    assertThat(greeter.helloAsync(request("Ada")).get()).isEqualTo(reply("Hello Ada"));
  }

  @Test
  void aServerStreamsItsReplies() {
    HelloRequest thrice = request("Ada").toBuilder().setTimes(3).build();
    List<HelloReply> pushed = new ArrayList<>();
    greeter.helloAgain(thrice, pushed::add);
    List<HelloReply> pulled = new ArrayList<>();
    try (Replies<HelloReply> replies = greeter.helloAgain(thrice)) {
      replies.forEach(pulled::add);
    }
    assertThat(pushed)
        .containsExactly(reply("Hello Ada 1"), reply("Hello Ada 2"), reply("Hello Ada 3"))
        .inOrder();
    assertThat(pulled).isEqualTo(pushed);
  }

  @Test
  void aClientStreamsItsRequests() {
    HelloReply pulled = greeter.helloAll(List.of(request("Ada"), request("Alan")));
    HelloReply pushed;
    try (Requests<HelloRequest, HelloReply> requests = greeter.helloAll()) {
      assertThat(requests.send(request("Ada"))).isTrue();
      assertThat(requests.send(request("Alan"))).isTrue();
      pushed = requests.finish();
    }
    assertThat(pulled).isEqualTo(reply("Hello Ada, Alan"));
    assertThat(pushed).isEqualTo(pulled);
  }

  @Test
  void bothStream() {
    List<HelloReply> replies = new ArrayList<>();
    greeter.helloEach(List.of(request("Ada"), request("Alan")), replies::add);
    assertThat(replies).containsExactly(reply("Hello Ada"), reply("Hello Alan")).inOrder();
    try (Conversation<HelloRequest, HelloReply> conversation = greeter.helloEach()) {
      for (String name : List.of("Ada", "Alan", "Grace")) {
        assertThat(conversation.send(request(name))).isTrue();
        assertThat(conversation.next()).isEqualTo(reply("Hello " + name));
      }
      conversation.halfClose();
      assertThat(conversation.hasNext()).isFalse();
    }
  }
}
