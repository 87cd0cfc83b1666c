/// How far something that was announced has come on its way: written by who carries it, read by who waits
/// for it.
///
/// Whoever asks waits for nothing but the request that he would make himself, and does not wait behind
/// others' requests for its turn.
final class Passage: Sendable {
  enum Stage: Int {
    /// Nobody has made its request yet.
    case queued
    /// The kernel or a thread is at it.
    case underWay
    /// Its own request is answered; what it will be served from is another file.
    case elsewhere
  }

  /// When the stage was entered, in nanoseconds of the monotonic clock, shifted left by `shift`, and the
  /// stage.
  private let state = AtomicNumber(0)
  private static let shift = 2

  /// How long one request may take before whoever waits makes it himself, in milliseconds: the kernel
  /// may have no worker for it.
  private static let longestRequest = 5000
  /// How long anybody waits for bytes that come from another file than the one he asks for, in
  /// milliseconds.
  private static let longestDetour = 100

  /// Notes that it has come so far; the same stage again for another request of its way.
  func enter(_ stage: Stage) {
    state.value = Instant.now.nanoseconds &<< Self.shift | stage.rawValue
  }

  /// Whether waiting is as good as asking the file system.
  func isWorthWaiting(at now: Instant) -> Bool {
    let value = state.value
    let since = Instant(nanoseconds: value >> Self.shift)
    switch Stage(rawValue: value & ((1 << Self.shift) &- 1)) {
    case .underWay?: return now < since.adding(milliseconds: Self.longestRequest)
    case .elsewhere?: return now < since.adding(milliseconds: Self.longestDetour)
    case .queued?, nil: return false
    }
  }
}
