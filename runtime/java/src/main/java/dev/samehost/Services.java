package dev.samehost;

import io.grpc.BinaryLog;
import io.grpc.HandlerRegistry;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What a server serves: methods by name, then the fallback, all behind the interceptors. */
final class Services {
  private final Map<String, ServerServiceDefinition> services;
  private final Map<String, ServerMethodDefinition<?, ?>> methods = new HashMap<>(); // by path
  private final HandlerRegistry fallback;
  private final List<ServerInterceptor> interceptors;
  private final BinaryLog log;

  /**
   * The services of a server.
   *
   * @param fallback asked for methods that no service has, or null
   * @param interceptors the last one sees a call first
   * @param log sees all bytes of all calls, or null
   */
  Services(
      Map<String, ServerServiceDefinition> services,
      HandlerRegistry fallback,
      List<ServerInterceptor> interceptors,
      BinaryLog log) {
    this.services = Map.copyOf(services);
    this.fallback = fallback;
    this.interceptors = List.copyOf(interceptors);
    this.log = log;
    for (ServerServiceDefinition service : services.values()) {
      for (ServerMethodDefinition<?, ?> method : service.getMethods()) {
        methods.put("/" + method.getMethodDescriptor().getFullMethodName(), intercepted(method));
      }
    }
  }

  /** The method of a path such as {@code /package.Service/Method}, or null. */
  ServerMethodDefinition<?, ?> find(String path) {
    ServerMethodDefinition<?, ?> method = methods.get(path);
    if (method != null || fallback == null) {
      return method;
    }
    ServerMethodDefinition<?, ?> other =
        fallback.lookupMethod(path.substring(1), SamehostChannelBuilder.AUTHORITY);
    return other == null ? null : intercepted(other);
  }

  /** Whether this is a unary method of one of the services; the fallback is not asked. */
  boolean isUnary(String path) {
    ServerMethodDefinition<?, ?> method = methods.get(path);
    return method != null
        && method.getMethodDescriptor().getType() == MethodDescriptor.MethodType.UNARY;
  }

  private <Q, A> ServerMethodDefinition<?, ?> intercepted(ServerMethodDefinition<Q, A> method) {
    ServerCallHandler<Q, A> handler = method.getServerCallHandler();
    for (ServerInterceptor interceptor : interceptors) {
      ServerCallHandler<Q, A> next = handler;
      handler = (call, headers) -> interceptor.interceptCall(call, headers, next);
    }
    ServerMethodDefinition<Q, A> intercepted = method.withServerCallHandler(handler);
    return log == null ? intercepted : log.wrapMethodDefinition(intercepted);
  }

  List<ServerServiceDefinition> immutable() {
    return new ArrayList<>(services.values());
  }

  List<ServerServiceDefinition> mutable() {
    return fallback == null ? List.of() : fallback.getServices();
  }
}
