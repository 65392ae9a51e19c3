package dev.samehost.json;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import io.grpc.Metadata;
import java.util.Base64;

/**
 * The details of an error: what {@code google.rpc.Status} has in its trailer, as Connect has it.
 */
final class Details {
  private static final Metadata.Key<byte[]> STATUS =
      Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);

  /** The number of the field {@code repeated google.protobuf.Any details}. */
  private static final int DETAILS = 3;

  private Details() {}

  /** Empty where there are none. */
  static JsonArray of(Metadata trailers) {
    JsonArray details = new JsonArray();
    byte[] status = trailers.get(STATUS);
    if (status == null) {
      return details;
    }
    try {
      UnknownFieldSet fields = UnknownFieldSet.parseFrom(status);
      for (ByteString each : fields.getField(DETAILS).getLengthDelimitedList()) {
        details.add(detail(Any.parseFrom(each)));
      }
    } catch (InvalidProtocolBufferException e) {
      return new JsonArray(); // the server's own, which says something else in that trailer
    }
    return details;
  }

  private static JsonObject detail(Any any) {
    JsonObject detail = new JsonObject();
    String type = any.getTypeUrl();
    detail.addProperty("type", type.substring(type.lastIndexOf('/') + 1));
    byte[] value = any.getValue().toByteArray();
    detail.addProperty("value", Base64.getEncoder().withoutPadding().encodeToString(value));
    return detail;
  }
}
