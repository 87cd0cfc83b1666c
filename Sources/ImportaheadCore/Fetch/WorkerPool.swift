/// What came of a job, or of a file's way on the ring.
enum FetchEvent {
  case file(FileFetch)
  /// A file whose outcome was reported before has been closed.
  case closed
  case listed([UInt8], DirectoryListing)
  case notListed([UInt8], Errno)
  /// Shared objects have been asked for; `isStale` where the file is not the one that was known.
  case warmed(bytes: Int, isStale: Bool)
  case piece(Int, [FileBytes?])
}

/// A few native threads that make blocking calls, started as they are needed.
///
/// They are started by the session's thread and so share its private descriptor table.
final class WorkerPool: @unchecked Sendable {
  /// Guards the queues and the threads.
  private let monitor = Monitor()
  private var queue = JobQueue()
  /// Jobs that are done by some of the threads at a time: a directory is not to wait until one of many
  /// libraries is read.
  private var bulk = JobQueue()
  private var busyInBulk = 0
  private var threads: [Thread] = []
  private var idle = 0
  private var closed = false
  private var processorTime = 0
  /// Guards the events, and wakes an owner who waits here.
  private let outlet = Monitor()
  private var events: [FetchEvent] = []
  private var pending = 0
  private var isWoken = false
  /// The most threads.
  var most: Int
  /// Told of every event, when the owner waits on a ring and not here; guarded by the outlet's lock.
  private var wakeCounter: WakeCounter?
  private let libraries: LibraryWarmer
  /// The largest file that is no module's and is brought in as a whole.
  private static let mostData = 8 << 20
  private let gate: Gate
  /// What is known of the file systems that directories lie on.
  var fileSystems: KnownFileSystems { gate.fileSystems }

  /// A pool of up to `most` threads, for what is handed over through `gate`, which bring at most `bytes` of
  /// libraries and data into the page cache.
  init(most: Int, bytes: Int = FetchLimits().pageBytes, gate: Gate = Gate()) {
    self.most = most
    self.gate = gate
    libraries = LibraryWarmer(on: gate.fileSystems, most: bytes)
  }

  /// Brings no more of libraries and data into the page cache, what has been asked of the pool included.
  func endBulk() { libraries.stop() }

  /// How many more threads may take bulky jobs.
  private var bulkRoom: Int { Swift.max(1, most / 2) &- busyInBulk }

  /// Tells the owner of events by way of `counter` from now on: it will wait on a ring.
  func wakeOwner(by counter: WakeCounter) { outlet.locked { wakeCounter = counter } }

  /// How many jobs have been given whose events are not yet taken.
  var inFlight: Int { outlet.locked { pending } }

  /// Gives a job to the pool; starts another thread when all are busy.
  ///
  /// Throws only when there is no thread at all to do it.
  func submit(_ job: Job) throws(Errno) {
    monitor.lock()
    if job.isBulk { bulk.append(job) } else { queue.append(job) }
    let waiting = queue.count &+ Swift.min(bulk.count, bulkRoom)
    let wantsThread = waiting > idle && threads.count < most && !closed
    monitor.unlock()
    monitor.notifyOne()
    if wantsThread { try startThread() }
    outlet.locked { pending &+= 1 }
  }

  /// Makes sure that somebody is there to relay a wake; called by the owner before it waits on a ring.
  func standBy() {
    if monitor.locked({ threads.isEmpty && !closed }) { try? startThread() }
  }

  private func startThread() throws(Errno) {
    do throws(Errno) {
      guard gate.rights?.areHeldByProgram ?? true else { throw Errno.otherRights }
      let thread = try Thread { self.work() }
      monitor.locked { threads.append(thread) }
    } catch {
      guard monitor.locked({ threads.isEmpty }) else { return }
      monitor.locked { (queue, bulk) = (JobQueue(), JobQueue()) }
      throw error
    }
  }

  /// Wakes the owner, where it waits on a ring by way of a worker; any thread of the process may call
  /// this.
  ///
  /// The ring's counter lives in the session's private descriptor table, out of the program's reach.
  func relayWake() {
    let isOnRing = outlet.locked {
      isWoken = true
      return wakeCounter != nil
    }
    guard isOnRing else { return outlet.notifyAll() }
    let hasThread = monitor.locked {
      guard !threads.isEmpty else { return false }
      queue.append(.wake)
      return true
    }
    if hasThread { monitor.notifyOne() }
  }

  /// Whether there are events, or somebody has woken the owner, since it took events last.
  var hasNews: Bool { outlet.locked { isWoken || !events.isEmpty } }

  /// Takes the events there are; with a deadline, waits for one, or to be woken.
  func takeEvents(waitingUntil deadline: Instant?) -> [FetchEvent] {
    outlet.lock()
    defer { outlet.unlock() }
    if let deadline {
      while events.isEmpty, !isWoken, outlet.wait(until: deadline) {}
    }
    isWoken = false
    let taken = events
    events = []
    pending &-= taken.count
    return taken
  }

  /// Has every thread end after the call that it is at; jobs that none has begun are dropped.
  func beginToClose() {
    libraries.stop()
    monitor.locked {
      closed = true
      (queue, bulk) = (JobQueue(), JobQueue())
    }
    monitor.notifyAll()
  }

  /// Ends every thread; waits for at most `milliseconds`.
  ///
  /// Returns whether all have ended: a call that a server does not answer cannot be cut short, since
  /// nothing but a signal would do that, and signals are the program's.
  func close(milliseconds: Int) -> Bool {
    beginToClose()
    let deadline = Instant.now.adding(milliseconds: milliseconds)
    var ended = true
    for thread in monitor.locked({ threads }) {
      if !thread.join(milliseconds: deadline.millisecondsLeft) { ended = false }
    }
    return ended
  }

  /// Whether a thread has died that was not told to: a filter of system calls may kill one.
  var hasLostThread: Bool {
    monitor.locked { !closed && threads.contains { $0.hasEnded } }
  }

  private var isClosed: Bool { monitor.locked { closed } }

  /// CPU time of the threads that have ended, in nanoseconds.
  var processorTimeUsed: Int { monitor.locked { processorTime } }

  private func work() {
    monitor.lock()
    while true {
      if let job = takeJob() {
        monitor.unlock()
        finish(job)
        monitor.lock()
        if job.isBulk { busyInBulk &-= 1 }
      } else if closed {
        break
      } else {
        idle &+= 1
        _ = monitor.wait(until: Instant.now.adding(milliseconds: 60_000))
        idle &-= 1
      }
    }
    processorTime &+= Instant.threadTime
    monitor.unlock()
  }

  /// The job to do next, if there is one that a further thread may do; called with the lock held.
  private func takeJob() -> Job? {
    if let job = queue.take() { return job }
    guard bulkRoom > 0, let job = bulk.take() else { return nil }
    busyInBulk &+= 1
    return job
  }

  private func finish(_ job: Job) {
    let event = perform(job)
    let counter = outlet.locked { () -> WakeCounter? in
      if let event { events.append(event) } else { isWoken = true }
      return wakeCounter
    }
    outlet.notifyAll()
    counter?.wake()
  }

  private func perform(_ job: Job) -> FetchEvent? {
    switch job {
    case .file(let fetch):
      let wasReported = fetch.isReported
      fetch.performAll { !self.isClosed }
      return wasReported ? .closed : .file(fetch)
    case .list(let path, let passage):
      passage?.enter(.underWay)
      do throws(Errno) {
        return .listed(path, try DirectoryListing.read(path, on: fileSystems))
      } catch {
        return .notListed(path, error)
      }
    case .pages(let path, let pages):
      let known = pages.map { libraries.warm(path, $0) }
      if case let bytes?? = known { return .warmed(bytes: bytes, isStale: false) }
      return .warmed(bytes: libraries.warm(path), isStale: pages != nil)
    case .libraries(let path):
      return .warmed(bytes: libraries.warm(directory: path), isStale: false)
    case .endPages(let path, let pages):
      return .warmed(bytes: libraries.warmEnd(path, pages), isStale: false)
    case .data(let path):
      return .warmed(
        bytes: OpenFile.warm(path, limit: Self.mostData) { self.libraries.spend($0) },
        isStale: false)
    case .name(let path):
      _ = try? FileStatus(path: CPath(path))
      return .closed
    case .watch(let paths, let watch):
      for path in paths { watch.add(path) }
      return .closed
    case .piece(let piece, let allocator):
      return .piece(piece.number, piece.read(with: allocator))
    case .wake:
      return nil
    }
  }
}
