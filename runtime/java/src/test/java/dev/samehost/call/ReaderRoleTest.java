package dev.samehost.call;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who may read, step by step. */
@Timeout(60)
final class ReaderRoleTest {
  private final ReaderRole role = new ReaderRole();

  private static Waiter waiter() {
    Waiter waiter = new Waiter();
    waiter.enter();
    return waiter;
  }

  @Test
  void onlyOneTakesIt() {
    assertThat(role.takeAsCaller()).isTrue();
    assertThat(role.takeAsCaller()).isFalse();
    assertThat(role.takeAsBackground()).isFalse();
    role.releaseAsCaller();
    assertThat(role.takeAsBackground()).isTrue();
    assertThat(role.takeAsCaller()).isFalse();
  }

  @Test
  void aCallerWhoLeavesOffersItToTheFirstFollower() {
    Waiter first = waiter();
    Waiter second = waiter();
    role.takeAsCaller();
    role.follow(first);
    role.follow(second);
    role.releaseAsCaller();
    assertThat(role.holder()).isEqualTo(ReaderRole.Holder.CALLER);
    assertThat(first.state()).isEqualTo(Waiter.State.OFFERED);
    assertThat(second.state()).isEqualTo(Waiter.State.WAITING);
  }

  @Test
  void aFollowerWhoHasGoneIsOfferedNothing() {
    Waiter gone = waiter();
    role.takeAsCaller();
    role.follow(gone);
    assertThat(role.leave(gone)).isTrue();
    role.releaseAsCaller();
    assertThat(role.holder()).isEqualTo(ReaderRole.Holder.FREE);
  }

  @Test
  void aFollowerWhoLeavesWithAnOfferHoldsTheRoleAndPassesItOn() {
    Waiter leaving = waiter();
    Waiter next = waiter();
    role.takeAsCaller();
    role.follow(leaving);
    role.follow(next);
    role.releaseAsCaller();
    assertThat(role.leave(leaving)).isFalse();
    role.releaseAsCaller();
    assertThat(next.state()).isEqualTo(Waiter.State.OFFERED);
    assertThat(role.leave(next)).isFalse();
    role.releaseAsCaller();
    assertThat(role.holder()).isEqualTo(ReaderRole.Holder.FREE);
  }

  @Test
  void theBackgroundReaderHandsOverToAFollower() {
    Waiter follower = waiter();
    role.takeAsBackground();
    role.follow(follower);
    assertThat(role.hasFollowers()).isTrue();
    role.releaseAsBackground();
    assertThat(role.holder()).isEqualTo(ReaderRole.Holder.CALLER);
    assertThat(follower.state()).isEqualTo(Waiter.State.OFFERED);
  }

  @Test
  void usesChangeWheneverACallerHasHeldIt() {
    int before = role.uses();
    role.takeAsBackground();
    role.releaseAsBackground();
    assertThat(role.uses()).isEqualTo(before);
    role.takeAsCaller();
    role.releaseAsCaller();
    assertThat(role.uses()).isNotEqualTo(before);
  }

  @Test
  void whoDoesNotHoldItCannotGiveItUp() {
    assertThrows(IllegalStateException.class, role::releaseAsCaller);
    role.takeAsCaller();
    assertThrows(IllegalStateException.class, role::releaseAsBackground);
  }

  @Test
  void aWaiterDoesNotFollowTwice() {
    Waiter waiter = waiter();
    role.follow(waiter);
    assertThrows(IllegalStateException.class, () -> role.follow(waiter));
  }
}
