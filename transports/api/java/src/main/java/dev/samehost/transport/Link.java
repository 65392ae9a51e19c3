package dev.samehost.transport;

import java.nio.ByteBuffer;

/**
 * One end of a connection between two processes: an ordered, reliable, two-way stream of bytes. It
 * knows nothing of frames or calls.
 *
 * <p>The contract, which {@code LinkContractTest} of the testkit enforces bullet by bullet:
 *
 * <ul>
 *   <li>{@link #read} and {@link #write} never wait. Only {@link #await} does.
 *   <li>Bytes arrive whole, in order and once, whatever the sizes of the writes and the reads.
 *   <li>{@code read} answers -1 when the peer has ended its direction and all its bytes were read,
 *       and keeps answering -1. A peer that was killed looks the same.
 *   <li>{@code write} takes as much as there is room for, which may be nothing; when the peer no
 *       longer reads, it fails with a {@link LinkException}, and no signal reaches the process.
 *   <li>Where a {@code write} has not taken all, the next one is given the same bytes from there
 *       on: what was taken may need them to arrive.
 *   <li>{@code await} returns when one of the wanted operations would make progress (end and
 *       failure included), after {@link #wake}, or after the timeout; never later, and sometimes
 *       sooner.
 *   <li>A {@code wake} is never lost: called while nobody waits, it ends the next {@code await}.
 *   <li>One thread may read and await while another writes; each operation is used by one thread at
 *       a time. {@code wake} and {@code close} may be called from any thread, at any time.
 *   <li>{@code watch}, where it answers true, has {@code ready} called once, soon after {@code
 *       read} can make progress (end and failure included), also when it can already. A {@code
 *       wake} does not concern it, and an {@code await} after it may end it without a word.
 *   <li>{@code close} may be repeated. It ends an {@code await} in progress, frees every
 *       descriptor, and lets the peer read what was written before, then -1. Afterwards {@code
 *       read}, {@code write} and {@code await} fail with a {@link LinkException}.
 * </ul>
 */
public interface Link extends AutoCloseable {
  /** Interest in {@link #read}, for {@link #await}. */
  int READ = 1;

  /** Interest in {@link #write}, for {@link #await}. */
  int WRITE = 2;

  /** No limit, as the timeout of {@link #await}. */
  long FOREVER = Long.MAX_VALUE;

  /**
   * Reads what is there into {@code destination}, which has room.
   *
   * @return the number of bytes read, 0 when there are none yet, -1 at the end
   */
  int read(ByteBuffer destination) throws LinkException;

  /**
   * Writes what there is room for from {@code source}, which has bytes.
   *
   * @return the number of bytes taken, which may be 0
   */
  int write(ByteBuffer source) throws LinkException;

  /**
   * Whether {@link #write} copies the bytes of a buffer on the heap straight to where the peer
   * finds them. Else whoever has a choice gives it few and direct buffers.
   */
  default boolean takesFromHeap() {
    return false;
  }

  /**
   * Sleeps until one of the wanted operations can make progress. Interrupting the thread ends it as
   * a wake does; the thread stays interrupted, and while it is, this does not wait.
   *
   * @param interest {@link #READ}, {@link #WRITE} or both
   * @param timeoutNanos at least 0; {@link #FOREVER} for no limit
   * @return the operations that are ready, 0 after a wake or at the timeout
   */
  int await(int interest, long timeoutNanos) throws LinkException;

  /** Ends the {@link #await} in progress, or the next one. */
  void wake();

  /**
   * Has the transport wait for bytes, so that no thread need be in {@link #await}: {@code ready} is
   * called once, by whatever thread, when {@link #read} can make progress, perhaps sooner. It must
   * not wait. From any thread; a second one takes the place of the first, and one who has awaited
   * since has it watched again.
   *
   * @return false when this link cannot be watched, or not now
   */
  default boolean watch(Runnable ready) {
    return false;
  }

  /** Who and what is at the other end, as far as the operating system and TLS vouch for it. */
  Peer peer();

  /**
   * What carries the bytes, for people, where the address leaves that open: shared memory, or the
   * socket and why. Empty where there is nothing to say.
   */
  default String medium() {
    return "";
  }

  /**
   * Told once, before anybody waits: how long {@link #await} may look again and again before it
   * sleeps. 0 is not at all, a negative number is as long as usual.
   */
  default void limitSpin(long nanos) {}

  /** Told by who reads: nothing has come for long, so there need be little memory for it. */
  default void rest() {}

  /**
   * Told once, when the peer's HELLO has arrived: the process that the peer says it is. A transport
   * that watches its peer's life may use it.
   *
   * @param pid 0 when the peer does not know
   * @param pidNamespace the inode of its pid namespace, 0 when the peer does not know
   */
  default void peerSaidHello(long pid, long pidNamespace) {}

  /**
   * Adds what the transport knows to a failure of this link: a child's exit status and its last
   * words on stderr, say. May wait for up to a second for them. The answer is never null.
   */
  default LinkException explain(LinkException failure) {
    return failure;
  }

  /**
   * As {@link #explain}, for a link whose peer's HELLO never arrived: it ended, was silent for too
   * long, or sent something else.
   *
   * @param skipped what was read before the peer's preface, or its beginning; not consumed
   * @param skippedBytes how many bytes that were in all
   */
  default LinkException explainSilence(
      LinkException failure, ByteBuffer skipped, long skippedBytes) {
    return failure;
  }

  @Override
  void close();
}
