internal import CLinux

/// A point on the monotonic clock.
struct Instant: Comparable {
  /// Nanoseconds since an arbitrary origin.
  let nanoseconds: Int

  /// The present.
  static var now: Instant { Instant(nanoseconds: reading(of: CLOCK_MONOTONIC)) }

  /// CPU time the calling thread has used, in nanoseconds; 0 under a filter: the other clocks are read
  /// without a system call (vdso(7)), this one is not.
  static var threadTime: Int {
    Confinement.allowsPlainCallsOnly ? 0 : reading(of: CLOCK_THREAD_CPUTIME_ID)
  }

  /// Nanoseconds since the Unix epoch on the real-time clock, which stamps files.
  static var realTime: Int { reading(of: CLOCK_REALTIME) }

  static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

  /// The point `milliseconds` later.
  func adding(milliseconds: Int) -> Instant {
    Instant(nanoseconds: nanoseconds &+ milliseconds &* 1_000_000)
  }

  /// How long it is until then, in whole milliseconds; 0 where it has passed.
  var millisecondsLeft: Int {
    Swift.max(0, (nanoseconds &- Instant.now.nanoseconds &+ 999_999) / 1_000_000)
  }

  private static func reading(of clock: clockid_t) -> Int {
    var time = timespec()
    _ = unsafe clock_gettime(clock, &time)
    return time.tv_sec &* 1_000_000_000 &+ time.tv_nsec
  }
}
