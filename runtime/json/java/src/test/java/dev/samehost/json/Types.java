package dev.samehost.json;

import com.google.protobuf.Api;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerServiceDefinition;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.ServerCalls.UnaryMethod;
import io.grpc.stub.StreamObserver;

/** A service whose messages are of a type that protobuf itself brings. */
final class Types {
  static final String SERVICE = "samehost.test.Types";
  static final String UNARY = "/" + SERVICE + "/Unary";
  static final String STREAM = "/" + SERVICE + "/Stream";

  private Types() {}

  static MethodDescriptor<Api, Api> method(String name, MethodType type) {
    return MethodDescriptor.<Api, Api>newBuilder()
        .setRequestMarshaller(ProtoUtils.marshaller(Api.getDefaultInstance()))
        .setResponseMarshaller(ProtoUtils.marshaller(Api.getDefaultInstance()))
        .setFullMethodName(MethodDescriptor.generateFullMethodName(SERVICE, name))
        .setType(type)
        .build();
  }

  /** One whose unary method does something. */
  static ServerServiceDefinition unary(UnaryMethod<Api, Api> handler) {
    return ServerServiceDefinition.builder(SERVICE)
        .addMethod(method("Unary", MethodType.UNARY), ServerCalls.asyncUnaryCall(handler))
        .addMethod(
            method("Stream", MethodType.SERVER_STREAMING),
            ServerCalls.asyncServerStreamingCall(Types::answer))
        .build();
  }

  /** One that answers with its request. */
  static ServerServiceDefinition echo() {
    return unary(Types::answer);
  }

  static void answer(Api request, StreamObserver<Api> responses) {
    responses.onNext(request);
    responses.onCompleted();
  }
}
