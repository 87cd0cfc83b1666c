/// Where files come from: one ring, or threads that make the same calls.
public enum Backend: UInt8, Sendable {
  case none, ring, threads
}

/// Gets files, directory listings and pages into memory, many at once, for one owning thread.
///
/// The ring carries what io_uring can; listings and pages of shared objects go to a few worker
/// threads beside it. Without a ring, everything goes to workers.
final class Fetcher {
  private var ring: Ring?
  private let pool: WorkerPool
  private var counter: WakeCounter?
  private let limits: FetchLimits
  /// Whether a ring is to be set up once something has to be waited for.
  private var wantsRing: Bool
  private var slots: [FileFetch?] = []
  private var free: [Int] = []
  private var onRing = 0
  private var isWakeQueued = false
  /// What the ring has that the kernel has not been handed.
  private var unsubmitted: [FileFetch] = []
  /// Operations that are handed over at once: the first is not to wait until the last is prepared.
  private static let batch = 8
  private var refusals = 0
  /// Files whose outcome was known without waiting.
  private var ready: [FetchEvent] = []
  /// How many files and statuses in a row the kernel had in memory, directories on the way included.
  private(set) var cachedInARow = 0
  /// How many rings were set up.
  private(set) var rings = 0

  /// Whether files are given up instead of read any further.
  private var isClosing = false

  /// The ticket of the event counter's read.
  private static let wakeTicket = Ticket(rawValue: UInt64.max)
  /// The ticket of requests that end others.
  private static let cancelTicket = Ticket(rawValue: UInt64.max &- 1)

  /// The back end in use; while nothing had to be waited for, the one to try first.
  var backend: Backend { ring == nil && !wantsRing ? .threads : .ring }

  /// The most files in flight at once.
  let depth: Int

  /// A fetcher that sets up a ring when it is first needed if `wanted` says so and the kernel allows
  /// it, and worker threads otherwise.
  ///
  /// What the page cache has needs neither: a warm start sets up no ring.
  init(wanted: Backend, limits: FetchLimits, gate: Gate = Gate()) {
    depth = limits.filesInFlight
    self.limits = limits
    wantsRing = wanted == .ring && limits.mayHaveRing
    pool = WorkerPool(
      most: wantsRing ? limits.threadsBesideRing : limits.threads, bytes: limits.pageBytes,
      gate: gate)
  }

  private func setUpRing() {
    guard wantsRing else { return }
    wantsRing = false
    guard let counter = try? WakeCounter() else { return pool.most = limits.threads }
    ring = try? Ring(
      depth: limits.ringDepth, workers: limits.ringWorkers, mustLimit: limits.mustLimitWorkers)
    guard ring != nil else {
      counter.close()
      return pool.most = limits.threads
    }
    rings &+= 1
    self.counter = counter
    pool.wakeOwner(by: counter)
  }

  /// What other threads wake the owner through.
  var waker: WorkerPool { pool }

  /// How many files, listings and page jobs have been started and not been waited for.
  var inFlight: Int { onRing &+ pool.inFlight &+ ready.count }

  /// How many more files may be started now.
  var room: Int { depth &- inFlight }

  /// Starts a file on its way; throws when neither ring nor threads can carry it.
  func start(_ fetch: FileFetch) throws(Errno) {
    if fetch.isLocal {
      fetch.passage?.enter(.underWay)
      let hasMore = fetch.performCached()
      if fetch.outcome != nil { report(fetch) }
      if !hasMore {
        cachedInARow &+= 1
        return
      }
      fetch.passage?.enter(.queued)
    }
    cachedInARow = 0
    setUpRing()
    guard ring != nil, refusals < 3 else { return try pool.submit(.file(fetch)) }
    let index = free.popLast() ?? slots.count
    if index == slots.count { slots.append(fetch) } else { slots[index] = fetch }
    onRing &+= 1
    queue(index)
  }

  /// Reads a directory at once where that asks nobody; otherwise starts its reading and returns `nil`.
  func list(_ path: [UInt8], _ passage: Passage? = nil) throws(Errno) -> DirectoryListing? {
    if let listing = try listCached(path) { return listing }
    cachedInARow = 0
    try pool.submit(.list(path, passage))
    return nil
  }

  /// Reads a directory where that asks nobody; `nil` elsewhere.
  func listCached(_ path: [UInt8]) throws(Errno) -> DirectoryListing? {
    try DirectoryListing.readCached(path, on: pool.fileSystems)
  }

  /// Whether the file system that `path` leads to asks no server.
  func isLocal(_ path: [UInt8]) -> Bool { pool.fileSystems.isLocal(path) }

  /// Starts the warming of a shared object: of `pages` where they are known and still its own.
  func warm(_ path: [UInt8], _ pages: LibraryPages? = nil) throws(Errno) {
    try pool.submit(.pages(path, pages))
  }

  /// Starts the warming of the shared objects in a directory.
  func warm(libraries path: [UInt8]) throws(Errno) { try pool.submit(.libraries(path)) }

  /// Starts the warming of what the program's end will touch of a shared object.
  func warmEnd(_ path: [UInt8], _ pages: LibraryPages) throws(Errno) {
    try pool.submit(.endPages(path, pages))
  }

  /// Starts to bring a whole file into the page cache.
  func warm(data path: [UInt8]) throws(Errno) { try pool.submit(.data(path)) }

  /// Starts to make a name known to the kernel, be it that there is nothing of that name.
  func lookUp(_ path: [UInt8]) throws(Errno) { try pool.submit(.name(path)) }

  /// Has directories watched, where asking for them may take a while.
  func watch(_ paths: [[UInt8]], with watch: FileWatch) { try? pool.submit(.watch(paths, watch)) }

  /// Starts the reading of a piece of a bundle.
  func read(_ piece: BundlePiece, with allocator: FileBytesAllocator) throws(Errno) {
    try pool.submit(.piece(piece, allocator))
  }

  /// Brings no more of libraries and data into the page cache.
  func endBulk() { pool.endBulk() }

  /// Begins to count anew how many files in a row need no waiting.
  func forgetCached() { cachedInARow = 0 }

  /// Waits for events until `deadline`, or until somebody wakes the owner; then takes them all.
  ///
  /// Without a deadline it takes those there are. The ring is asked only where something is on it: a start that finds all in memory needs neither
  /// its system calls nor a thread to relay wakes to it.
  func wait(until deadline: Instant?) -> [FetchEvent] {
    if !ready.isEmpty {
      if !unsubmitted.isEmpty { submit() }
      let taken = ready
      ready = []
      return taken + pool.takeEvents(waitingUntil: nil)
    }
    guard ring != nil, onRing > 0 else { return pool.takeEvents(waitingUntil: deadline) }
    queueWake()
    pool.standBy()
    noteSubmitted()
    // What came before the ring was there has not been counted.
    let end = pool.hasNews ? Instant.now : deadline ?? Instant.now
    do throws(Errno) {
      try ring?.submitAndWait(until: end)
    } catch {
      return abandonRing(error) + pool.takeEvents(waitingUntil: nil)
    }
    return reap() + pool.takeEvents(waitingUntil: nil)
  }

  private func submit() {
    noteSubmitted()
    try? ring?.submit()
  }

  private func noteSubmitted() {
    for fetch in unsubmitted { fetch.passage?.enter(.underWay) }
    unsubmitted.removeAll(keepingCapacity: true)
  }

  /// Goes on without a ring that has failed as a whole; what was in flight on it has failed too.
  private func abandonRing(_ reason: Errno) -> [FetchEvent] {
    var events: [FetchEvent] = []
    for index in slots.indices {
      guard let fetch = slots[index] else { continue }
      fetch.abandon(reason)
      if !fetch.isReported { events.append(.file(fetch)) }
    }
    keepForKernel()
    return events
  }

  /// Keeps, for ever, the memory that the kernel may still write to.
  private func keepForKernel() {
    for fetch in slots.compactMap({ $0 }) { fetch.operation.keepForKernel() }
    slots = []
    free = []
    onRing = 0
    ring?.abandon()
    ring = nil
  }

  private func report(_ fetch: FileFetch) {
    fetch.isReported = true
    ready.append(.file(fetch))
  }

  private func queueWake() {
    guard !isWakeQueued, let counter else { return }
    // SAFETY: the counter lives as long as the ring, both being ours.
    isWakeQueued =
      unsafe ring?.prepareWake(
        counter.descriptor, into: counter.landing, ticket: Self.wakeTicket) ?? false
  }

  private func queue(_ index: Int) {
    guard index < slots.count, let fetch = slots[index] else { return }
    let ticket = Ticket(rawValue: UInt64(index))
    for _ in 0..<2 {
      // SAFETY: the slot keeps the fetch, which owns the operation, until its completion is reaped.
      if unsafe ring?.prepare(fetch.operation, ticket: ticket) == true {
        unsubmitted.append(fetch)
        if unsubmitted.count >= Self.batch { submit() }
        return
      }
      // The queue is full.
      submit()
    }
    divert(index, fetch)
  }

  private func reap() -> [FetchEvent] {
    var events: [FetchEvent] = []
    while let completion = ring?.nextCompletion() {
      if completion.ticket == Self.wakeTicket {
        isWakeQueued = false
      } else if completion.ticket != Self.cancelTicket {
        take(completion, into: &events)
      }
    }
    return events
  }

  private func take(_ completion: Completion, into events: inout [FetchEvent]) {
    let index = Int(truncatingIfNeeded: completion.ticket.rawValue)
    guard index >= 0, index < slots.count, let fetch = slots[index] else { return }
    let refusal = Errno(code: 0 &- Swift.min(0, completion.result))
    if completion.result < 0, refusal.isRefusalOfRing, fetch.outcome == nil, !isClosing {
      refusals &+= 1
      return divert(index, fetch)
    }
    if refusals < 3 { refusals = 0 }
    var hasMore = fetch.advance(completion.result)
    if hasMore, isClosing { hasMore = fetch.giveUp() }
    if fetch.outcome != nil, !fetch.isReported {
      fetch.isReported = true
      events.append(.file(fetch))
    }
    if hasMore { queue(index) } else { release(index) }
  }

  /// Lets a worker thread carry on where the ring could not.
  private func divert(_ index: Int, _ fetch: FileFetch) {
    release(index)
    fetch.passage?.enter(.queued)
    do throws(Errno) {
      try pool.submit(.file(fetch))
    } catch {
      fetch.abandon(error)
      if !fetch.isReported { report(fetch) }
    }
  }

  private func release(_ index: Int) {
    slots[index] = nil
    free.append(index)
    onRing &-= 1
  }

  /// Ends what is in flight and the worker threads; waits for that for at most `milliseconds`.
  ///
  /// Must be called, and on the thread that made the fetcher: descriptors of its private table are
  /// closed here. What the kernel may still write to after that is kept for ever. Returns whether all
  /// has ended.
  @discardableResult
  func close(milliseconds: Int) -> Bool {
    let deadline = Instant.now.adding(milliseconds: milliseconds)
    isClosing = true
    pool.beginToClose()
    cancelOnRing()
    while onRing > 0, Instant.now < deadline {
      guard (try? ring?.submitAndWait(until: deadline)) != nil else { break }
      _ = reap()
    }
    let isRingDone = onRing == 0
    let arePoolsDone = pool.close(milliseconds: deadline.millisecondsLeft)
    if !isRingDone { keepForKernel() }
    ring = nil
    counter?.close()
    return isRingDone && arePoolsDone
  }

  /// Has what is on the ring end soon, but for files that are being closed.
  private func cancelOnRing() {
    if !unsubmitted.isEmpty { submit() }
    for index in slots.indices {
      guard let fetch = slots[index], fetch.operation.verb != .close else { continue }
      let ticket = Ticket(rawValue: UInt64(index))
      if ring?.prepareCancel(of: ticket, ticket: Self.cancelTicket) == false { submit() }
    }
  }

  /// CPU time of worker threads that have ended, in nanoseconds.
  var workerTime: Int { pool.processorTimeUsed }
}
