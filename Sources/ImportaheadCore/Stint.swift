/// One life of the session's thread, with the workers that it starts; guarded by the session's lock.
final class Stint: @unchecked Sendable {
  /// The thread, from its start on.
  var thread: Thread?
  /// Its workers, while it works.
  var workers: WorkerPool?
  /// Whether all workers have ended that have been told to.
  var areWorkersGone = true
  /// Whether nobody waits for it any more: what it has is its own.
  var isLeft = false

  /// Has the thread look what there is to do.
  func wake() { workers?.relayWake() }

  /// Whether one of its threads is gone although it has not said that it would be.
  var hasDied: Bool { thread?.hasEnded == true || workers?.hasLostThread == true }

  /// Waits for its threads until `deadline`; whether they have ended.
  func end(by deadline: Instant) -> Bool {
    thread?.join(milliseconds: deadline.millisecondsLeft) ?? true && areWorkersGone
  }

  /// Leaves its threads alone: in the child of a fork they do not exist.
  func disown() {
    thread?.disown()
    _ = unsafe Unmanaged.passRetained(self)
  }
}
