/// Whether this process can have a ring, and what stands against it.
public enum RingAvailability: Equatable, Sendable {
  /// A ring was set up, as a session would, and let go again.
  case available
  /// A seccomp filter is in force, so that a ring was not even tried.
  case filtered
  /// The kernel refused the ring.
  case refused(Errno)

  /// Finds out by doing what a session does.
  public static func survey() -> RingAvailability {
    guard !Confinement.hasSystemCallFilter else { return .filtered }
    let limits = FetchLimits()
    do throws(Errno) {
      let ring = try Ring(depth: limits.ringDepth, workers: limits.ringWorkers)
      _ = consume ring
      return .available
    } catch {
      return .refused(error)
    }
  }
}
