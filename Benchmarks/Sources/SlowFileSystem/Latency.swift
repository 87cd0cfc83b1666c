internal import Glibc
internal import Synchronization

/// How long each request takes: a round trip, its jitter, and a shared link.
///
/// Delays of requests that arrive together pass together; only the bytes of a capped link queue.
public struct Latency: Sendable {
  /// The round trip of every awaited request, in nanoseconds.
  public var roundTrip: UInt64
  /// The largest deviation either way from the round trip, in nanoseconds.
  public var jitter: UInt64
  /// Bytes per second that the link carries, or 0 for no cap.
  public var bandwidth: UInt64
  /// Round trips that differ from the common one.
  public var overrides: [Operation: UInt64]
  /// Makes the jitter of a run repeatable.
  public var seed: UInt64

  /// Describes a file system that answers after `roundTrip` nanoseconds.
  public init(
    roundTrip: UInt64, jitter: UInt64 = 0, bandwidth: UInt64 = 0,
    overrides: [Operation: UInt64] = [:], seed: UInt64 = 1
  ) {
    self.roundTrip = roundTrip
    self.jitter = jitter
    self.bandwidth = bandwidth
    self.overrides = overrides
    self.seed = seed
  }
}

/// Applies a latency to requests served by many threads.
final class Link: Sendable {
  private let latency: Latency
  private let requests = Atomic<UInt64>(0)
  private let freeAt = Atomic<UInt64>(0)

  init(_ latency: Latency) { self.latency = latency }

  /// Sleeps until a request that arrived at `arrival` and carries `bytes` may be answered.
  func wait(for operation: Operation, since arrival: UInt64, bytes: Int = 0) {
    guard operation.isAwaited else { return }
    var answer = arrival + roundTrip(of: operation)
    if latency.bandwidth > 0, bytes > 0 {
      answer = max(answer, reserve(bytes, from: arrival) + roundTrip(of: operation))
    }
    sleep(until: answer)
  }

  private func roundTrip(of operation: Operation) -> UInt64 {
    let base = latency.overrides[operation] ?? latency.roundTrip
    guard latency.jitter > 0 else { return base }
    let ordinal = requests.wrappingAdd(1, ordering: .relaxed).newValue
    let offset = scramble(latency.seed &+ ordinal) % (2 * latency.jitter + 1)
    return base + offset > latency.jitter ? base + offset - latency.jitter : 0
  }

  /// Books the shared link for `bytes` and returns when their last byte has passed.
  private func reserve(_ bytes: Int, from arrival: UInt64) -> UInt64 {
    let cost = UInt64(bytes) * 1_000_000_000 / latency.bandwidth
    var seen = freeAt.load(ordering: .relaxed)
    while true {
      let end = max(seen, arrival) + cost
      let (done, actual) = freeAt.compareExchange(
        expected: seen, desired: end, ordering: .relaxed)
      if done { return end }
      seen = actual
    }
  }
}

/// The monotonic clock, in nanoseconds.
func monotonicNanoseconds() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// SplitMix64's finaliser: neighbouring inputs give unrelated outputs.
private func scramble(_ input: UInt64) -> UInt64 {
  var bits = input &* 0x9E37_79B9_7F4A_7C15
  bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
  bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
  return bits ^ (bits >> 31)
}

private func sleep(until deadline: UInt64) {
  var time = timespec(
    tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
  while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil) == EINTR {}
}
