package dev.samehost.interop.grpc;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;

/** A program that passes its standard input on to a Unix socket, and back. */
final class Relay {
  private Relay() {}

  public static void main(String[] arguments) throws Exception {
    SocketChannel socket = SocketChannel.open(UnixDomainSocketAddress.of(Path.of(arguments[0])));
    WritableByteChannel output = new FileOutputStream(FileDescriptor.out).getChannel();
    Thread answers =
        new Thread(
            () -> {
              copy(socket, output);
              Runtime.getRuntime().halt(0); // the server has ended: nobody waits for more requests
            });
    answers.start();
    copy(new FileInputStream(FileDescriptor.in).getChannel(), socket);
    socket.shutdownOutput();
  }

  private static void copy(ReadableByteChannel from, WritableByteChannel to) {
    ByteBuffer bytes = ByteBuffer.allocateDirect(64 << 10);
    try {
      while (from.read(bytes.clear()) >= 0) {
        bytes.flip();
        while (bytes.hasRemaining()) {
          to.write(bytes);
        }
      }
    } catch (IOException e) {
      // One of the two sides is gone, so that nothing is left to be passed on.
    }
  }
}
