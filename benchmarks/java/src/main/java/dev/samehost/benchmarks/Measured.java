package dev.samehost.benchmarks;

import java.util.Locale;
import org.HdrHistogram.Histogram;

/** What one order measured. */
record Measured(Histogram nanos, double seconds) {
  /** As the driver reads it. */
  String json() {
    return String.format(
        Locale.ROOT,
        "{\"calls\": %d, \"seconds\": %.6f, \"p50_us\": %.3f, \"p99_us\": %.3f, \"mean_us\": %.3f}",
        nanos.getTotalCount(),
        seconds,
        nanos.getValueAtPercentile(50) / 1e3,
        nanos.getValueAtPercentile(99) / 1e3,
        nanos.getMean() / 1e3);
  }
}
