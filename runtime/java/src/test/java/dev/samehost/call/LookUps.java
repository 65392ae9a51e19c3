package dev.samehost.call;

import java.util.concurrent.TimeUnit;

/** Turns off the looking up of blocked callers, which would hide a lost wake-up. */
public final class LookUps implements AutoCloseable {
  private final long usual = Pump.lookUpNanos;

  private LookUps() {}

  /** Off, until this is closed. */
  public static LookUps off() {
    LookUps lookUps = new LookUps();
    Pump.lookUpNanos = TimeUnit.HOURS.toNanos(1);
    return lookUps;
  }

  @Override
  public void close() {
    Pump.lookUpNanos = usual;
  }
}
