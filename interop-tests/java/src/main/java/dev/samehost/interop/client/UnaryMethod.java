package dev.samehost.interop.client;

import com.google.protobuf.UnsafeByteOperations;
import dev.samehost.interop.Blocks;
import dev.samehost.interop.proto.Block;
import dev.samehost.interop.proto.ControlServiceGrpc;
import dev.samehost.interop.proto.EchoStatus;
import dev.samehost.interop.proto.Empty;
import dev.samehost.interop.proto.Payload;
import dev.samehost.interop.proto.SimpleRequest;
import dev.samehost.interop.proto.SimpleResponse;
import dev.samehost.interop.proto.TestServiceGrpc;
import dev.samehost.interop.proto.UnimplementedServiceGrpc;
import dev.samehost.interop.suite.Mismatch;
import dev.samehost.interop.suite.Step;
import io.grpc.MethodDescriptor;
import java.util.Map;

/** A unary method: what to ask, and whether the answer is the right one for it. */
abstract class UnaryMethod<Q, P> {
  private static final Map<String, UnaryMethod<?, ?>> METHODS =
      Map.of(
          "EmptyCall", new OfEmpty(TestServiceGrpc.getEmptyCallMethod()),
          "UnaryCall", new OfSizes(),
          "Echo", new OfBlocks(),
          "UnimplementedCall", new OfEmpty(TestServiceGrpc.getUnimplementedCallMethod()),
          "UnimplementedService",
              new OfEmpty(UnimplementedServiceGrpc.getUnimplementedCallMethod()));

  private final MethodDescriptor<Q, P> descriptor;

  private UnaryMethod(MethodDescriptor<Q, P> descriptor) {
    this.descriptor = descriptor;
  }

  /** The method that the suites call so. */
  static UnaryMethod<?, ?> named(String name) {
    UnaryMethod<?, ?> method = METHODS.get(name);
    if (method == null) {
      throw new IllegalArgumentException("no such unary method: " + name);
    }
    return method;
  }

  MethodDescriptor<Q, P> descriptor() {
    return descriptor;
  }

  /** The request of the call with this number. */
  abstract Q request(Step step, int number);

  /** Checks the answer to it. */
  abstract void check(Step step, int number, P answer) throws Mismatch;

  /** A payload of so many bytes. */
  static Payload payload(int size) {
    return Payload.newBuilder().setBody(UnsafeByteOperations.unsafeWrap(new byte[size])).build();
  }

  /** The status that a step wants to have echoed. */
  static EchoStatus status(Step step) {
    return EchoStatus.newBuilder()
        .setCode(step.status().code())
        .setMessage(step.status().message())
        .build();
  }

  private static final class OfEmpty extends UnaryMethod<Empty, Empty> {
    OfEmpty(MethodDescriptor<Empty, Empty> descriptor) {
      super(descriptor);
    }

    @Override
    Empty request(Step step, int number) {
      return Empty.getDefaultInstance();
    }

    @Override
    void check(Step step, int number, Empty answer) {}
  }

  private static final class OfSizes extends UnaryMethod<SimpleRequest, SimpleResponse> {
    OfSizes() {
      super(TestServiceGrpc.getUnaryCallMethod());
    }

    @Override
    SimpleRequest request(Step step, int number) {
      SimpleRequest.Builder request =
          SimpleRequest.newBuilder()
              .setResponseSize(step.response(0))
              .setPayload(payload(step.request(0)));
      if (step.status() != null) {
        request.setResponseStatus(status(step));
      }
      return request.build();
    }

    @Override
    void check(Step step, int number, SimpleResponse answer) throws Mismatch {
      int size = answer.getPayload().getBody().size();
      Mismatch.unless(
          size == step.response(0),
          "expected an answer of " + step.response(0) + " bytes, but got " + size);
    }
  }

  private static final class OfBlocks extends UnaryMethod<Block, Block> {
    OfBlocks() {
      super(ControlServiceGrpc.getEchoMethod());
    }

    @Override
    Block request(Step step, int number) {
      return Blocks.of(number, step.request(0));
    }

    @Override
    void check(Step step, int number, Block answer) throws Mismatch {
      Mismatch.unless(
          answer.getSeed() == number
              && answer.getBody().size() == step.request(0)
              && Blocks.isIntact(answer),
          "the answer to call " + number + " is that to another, or damaged: " + answer.getSeed());
    }
  }
}
