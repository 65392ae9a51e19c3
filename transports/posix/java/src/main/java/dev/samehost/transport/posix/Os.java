package dev.samehost.transport.posix;

import com.sun.jna.Platform;

/** The numbers in which operating systems differ. Only Linux and macOS are known. */
final class Os {
  static final boolean LINUX = Platform.isLinux();

  static final int O_WRONLY = 1;
  static final int O_RDWR = 2;
  static final int O_CREAT = LINUX ? 0x40 : 0x200;
  static final int O_NONBLOCK = LINUX ? 0x800 : 0x4;

  /** Linux has it differently on its different processors. */
  static final int O_NOFOLLOW = LINUX ? (Platform.isARM() ? 0x8000 : 0x20000) : 0x100;

  static final int O_CLOEXEC = LINUX ? 0x80000 : 0x1000000;
  static final int EFD_CLOEXEC_NONBLOCK = 0x80800;

  static final int F_SETFD = 2;
  static final int F_GETFL = 3;
  static final int F_SETFL = 4;
  static final int F_DUPFD_CLOEXEC = LINUX ? 1030 : 67;
  static final int FD_CLOEXEC = 1;

  static final int MSG_DONTWAIT = LINUX ? 0x40 : 0x80;

  /** macOS has no such flag; there the socket option takes its place. */
  static final int MSG_NOSIGNAL = LINUX ? 0x4000 : 0;

  /** Descriptors that arrive are close-on-exec; macOS has no such flag. */
  static final int MSG_CMSG_CLOEXEC = LINUX ? 0x40000000 : 0;

  static final int MSG_CTRUNC = LINUX ? 0x8 : 0x20;

  static final int SCM_RIGHTS = 1;
  static final int SOL_SOCKET = LINUX ? 1 : 0xFFFF;
  static final int SO_TYPE = LINUX ? 3 : 0x1008;
  static final int SO_NOSIGPIPE = 0x1022;

  static final int POLLIN = 1;
  static final int POLLOUT = 4;
  static final int POLLERR = 8;
  static final int POLLHUP = 16;
  static final int POLLNVAL = 32;
  static final int POLLRDHUP = 0x2000;

  /** Whether Linux packs a struct epoll_event, as it does on Intel's processors of 64 bits. */
  static final boolean EPOLL_IS_PACKED = Platform.isIntel() && Platform.is64Bit();

  /** POSIX's PIPE_BUF: a write of at most so many bytes to a pipe is taken whole. */
  static final int PIPE_BUF = LINUX ? 4096 : 512;

  private Os() {}
}
