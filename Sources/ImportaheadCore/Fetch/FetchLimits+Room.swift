/// What a session takes of what there is beside the program: a small share, and nothing of too little.
extension FetchLimits {
  /// The least memory beside the program that a session starts in, bytes: a program that needs most of so
  /// little reads some of its files again and again, and all the more if it has less.
  private static let leastMemory = 64 << 20
  /// The least address space, bytes: threads' stacks and what the session keeps are a small share of it.
  private static let leastAddresses = 512 << 20
  /// The share of tasks that a session may be, and the fewest that are worth it.
  private static let taskShare = 8
  private static let fewestTasks = 4
  /// The fewest tasks with which some may be a ring's.
  private static let fewestBesideRing = 8
  /// The least processor time that a program may use, seconds: ours counts as its own.
  private static let leastTime = 30
  /// The fewest descriptors that our own table may have, and how many make no difference.
  private static let descriptors = (fewest: 24, many: 160)

  /// These limits, or less of each where `room` has too little; `nil` where there is to be no session.
  func fitting(_ room: Room, memory: Int) -> FetchLimits? {
    guard memory >= Self.leastMemory, room.addresses >= Self.leastAddresses,
      room.processorTime >= Self.leastTime, room.descriptors >= Self.descriptors.fewest,
      !room.isRealTime
    else { return nil }
    let tasks = room.tasks / Self.taskShare
    guard tasks >= Self.fewestTasks else { return nil }
    var fitting = self
    fitting.mayHaveRing = tasks >= Self.fewestBesideRing
    // One is the session's own thread; a worker of the ring's waits for what nothing limits.
    fitting.threads = Swift.min(threads, tasks &- 1)
    fitting.threadsBesideRing = Swift.min(threadsBesideRing, tasks / 3)
    fitting.workers = Swift.min(workers, Swift.max(1, tasks &- 2 &- fitting.threadsBesideRing))
    fitting.bytesUnused = Swift.min(bytesUnused, memory / 16)
    fitting.pageBytes = Swift.min(pageBytes, memory / 8)
    if room.descriptors < Self.descriptors.many {
      fitting.filesInFlight = Swift.min(
        filesInFlight, Swift.max(1, (room.descriptors &- 16) / 4))
    }
    return fitting
  }
}
