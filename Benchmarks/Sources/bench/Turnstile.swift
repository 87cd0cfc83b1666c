import Foundation

/// A file lock that keeps others off the machine while we measure, and lets them on now and then.
final class Turnstile {
  private let descriptor: CInt
  private var heldSince: UInt64?
  private let seconds: Double

  /// Uses `path` as the lock; without one nothing is locked.
  init(_ path: String?, seconds: Double) {
    descriptor = path.map { open($0, O_RDWR | O_CREAT | O_CLOEXEC, 0o666) } ?? -1
    self.seconds = seconds
  }

  /// Waits until the machine is ours, after a pause for others when we had it long enough.
  func enter() {
    guard descriptor >= 0 else { return }
    if let heldSince, Double(monotonicNow() - heldSince) / 1e9 > seconds { leave() }
    guard heldSince == nil else { return }
    while flock(descriptor, LOCK_EX) != 0, errno == EINTR {}
    heldSince = monotonicNow()
  }

  /// Lets others on.
  func leave() {
    guard heldSince != nil else { return }
    flock(descriptor, LOCK_UN)
    heldSince = nil
    usleep(200_000)
  }
}
