/// One program's prefetching, from its start until nothing new appears.
///
/// The session's thread scans, resolves and fetches; threads that import take from the cache. When
/// all is done the thread ends; a demand it has not foreseen starts it again.
public final class Session: @unchecked Sendable {
  let settings: SessionSettings
  let cache = FetchCache()
  /// What past runs needed; `nil` where that is not asked for.
  private(set) var profile: LearnedProfile?
  /// Guards what follows.
  private let monitor = Monitor()
  private var thread: Thread?
  private var waker: WorkerPool?
  private var phase = Phase.idle
  private var starts = 0
  private var rest = Rest()
  private var isEnding = false
  /// Touched by the session's thread alone; kept from one start to the next.
  private var planner: Planner?
  /// Whether that thread may run on more than one processor; touched by it alone.
  private var isMovable = true

  private enum Phase {
    case idle, running, stopping
  }

  /// How long the thread stays when all is done and nobody asks for anything, in milliseconds: a
  /// demand finds a thread that waits sooner than one that must be started.
  private static let patience = 60

  /// How often a demand may start the thread again.
  private static let mostStarts = 200
  /// Files and statuses in a row that the kernel had in memory, those of some sixteen modules, after which
  /// it is asked whether reading on is worth its processor time.
  private static let leastCached = 32
  /// Modules of a program that is worth a watch: to end one takes the kernel more than 10 ms, which
  /// a program that ends at once has to wait for in part.
  private static let leastWatched = 64
  /// The starts of the thread that still belong to the start of the program.
  private static let mostWatchedStarts = 8

  /// Prepares a session; nothing happens before `start()`.
  public init(settings: SessionSettings) {
    self.settings = settings
    guard LearnedProfile.isWanted(settings) else { return }
    profile = LearnedProfile(settings)
    cache.startRecording()
  }

  /// Starts the session's thread; throws where the process may not have another.
  public func start() throws(Errno) {
    monitor.lock()
    defer { monitor.unlock() }
    guard phase == .idle, starts < Self.mostStarts else { return }
    starts &+= 1
    // An earlier thread has said that it is done and is about to end: not the importing thread, which
    // may be the one that starts us again, but its successor waits for that.
    let earlier = thread
    let importing = Processor.current
    thread = try Thread {
      importing.leave()
      _ = earlier?.join(milliseconds: 1000)
      self.run()
    }
    phase = .running
  }

  /// Stops the session for good, waiting for its threads for at most `milliseconds`.
  ///
  /// Returns whether they have ended. What is in memory can still be taken.
  @discardableResult
  public func stop(milliseconds: Int) -> Bool {
    monitor.lock()
    phase = .stopping
    waker?.relayWake()
    let running = thread
    thread = nil
    monitor.unlock()
    let ended = running?.join(milliseconds: milliseconds) ?? true
    cache.abandonInFlight()
    return ended
  }

  /// Has the session's thread end, beside the end of the program, what takes a while to end.
  ///
  /// The session goes on: a program may part with what tells of its end before it ends.
  public func prepareForEnd() {
    monitor.lock()
    isEnding = true
    if phase == .running { waker?.relayWake() }
    monitor.unlock()
  }

  /// Makes the session harmless in the child of a fork: its threads are not there.
  public func becomeChild() {
    cache.abandonLock()
    monitor.reset()
    phase = .stopping
    thread = nil
    waker = nil
    // What a child needs is not what the program needs.
    profile = nil
    cache.forgetAll()
  }

  /// Hands over the bytes of the file at `path`; `nil` where importlib must read it.
  ///
  /// May wait: the caller must not hold the GIL. `isDemand` is set when `demand(module:)` should be
  /// told whose file it is.
  public func take(_ path: [UInt8], isDemand: inout Bool) -> FileBytes? {
    cache.take(path, isDemand: &isDemand)
  }

  /// Lets the session learn that a loader asked for a module's file that it had not submitted.
  public func demand(module name: [UInt8]) {
    monitor.lock()
    let answer = rest.answer()
    if answer == .heed { cache.demand(module: name) }
    let isIdle = phase == .idle
    if answer == .heed, phase == .running { waker?.relayWake() }
    monitor.unlock()
    if isIdle, answer != .ignore { try? start() }
  }

  /// The names in the directory at `path`, each followed by a NUL, if they are known and current.
  ///
  /// May wait: the caller must not hold the GIL.
  public func names(in path: [UInt8]) -> [UInt8]? {
    cache.freshListing(path)?.names
  }

  /// Forgets the names in the directory at `path`.
  public func forget(directory path: [UInt8]) {
    cache.forget(listing: path)
  }

  /// Forgets everything that was fetched.
  public func forgetAll() {
    cache.forgetAll()
  }

  // MARK: The session's thread

  private func run() {
    let begin = Instant.now
    if (try? Thread.enterPrivateDescriptorTable()) == nil {
      monitor.locked { if phase == .running { phase = .stopping } }
    }
    repeat {
      if monitor.locked({ phase == .running }) { work() }
      cache.abandonInFlight()
    } while !finish()
    cache.note {
      $0.processorTime &+= Instant.threadTime
      $0.sessionTime &+= Instant.now.nanoseconds &- begin.nanoseconds
    }
  }

  private func work() {
    let fetcher = Fetcher(wanted: wantedBackend, limits: settings.limits)
    monitor.locked { waker = fetcher.waker }
    work(with: fetcher)
    planner?.bundle?.release()
    planner?.endWatch()
    saveGrowingProfile()
    monitor.locked { waker = nil }
    fetcher.close(milliseconds: 50)
    cache.note { $0.processorTime &+= fetcher.workerTime }
  }

  private var wantedBackend: Backend {
    guard settings.backend == .ring else { return .threads }
    return Confinement.hasSystemCallFilter && !settings.isBackendForced ? .threads : .ring
  }

  private func work(with fetcher: Fetcher) {
    let deadline = Instant.now.adding(milliseconds: settings.limits.duration)
    var backend = fetcher.backend
    cache.note { $0.backend = backend }
    let planner: Planner
    if let kept = self.planner {
      planner = kept
      planner.fetcher = fetcher
    } else {
      planner = Planner(settings, cache, fetcher)
      self.planner = planner
      planner.openBundle()
      planner.begin()
      planner.recall(profile)
    }
    var (idleSince, questions): (Instant?, Int) = (nil, 0)
    var mayWatch = profile?.wantsWatch ?? false
    let mayRest = settings.mayRest && planner.bundle == nil
    var fared = mayRest ? ProcessorTime.ofThread : nil
    while let isEnding = monitor.locked({ phase == .running ? self.isEnding : nil }) {
      leaveAsker()
      let demands = cache.takeDemands()
      if mayWatch { mayWatch = !beginWatch(planner) }
      if isEnding { planner.endWatch() } else { planner.noteOpened() }
      planner.isResting = monitor.locked { rest.isOn }
      planner.take(demands: demands)
      planner.pump()
      restIfUseful(planner, &fared)
      if fetcher.backend != backend {
        backend = fetcher.backend
        cache.note { $0.backend = backend }
      }
      if !planner.isDone || !demands.isEmpty { idleSince = nil }
      guard planner.isDone else {
        guard Instant.now < deadline else { return monitor.locked { phase = .stopping } }
        // Nobody says when memory is free again.
        let soon = planner.isStarved ? Instant.now.adding(milliseconds: Self.patience) : deadline
        planner.take(fetcher.wait(until: planner.hasToScan ? nil : soon))
        if planner.hasToScan { planner.scanArrival() }
        continue
      }
      if !isEnding, planner.recallEnd() { continue }
      guard let since = idleSince, questions == cache.questions else {
        (idleSince, questions) = (Instant.now, cache.questions)
        continue
      }
      let idleEnd = since.adding(milliseconds: Self.patience)
      if Instant.now >= idleEnd, !cache.hasDemands { return }
      planner.take(fetcher.wait(until: idleEnd))
    }
  }

  /// Leaves the importing threads alone until they have to wait, where what is asked for is in memory
  /// anyway and the threads of this process have to share too few processors.
  private func restIfUseful(_ planner: Planner, _ fared: inout ProcessorTime?) {
    guard let before = fared, planner.fetcher.cachedInARow >= Self.leastCached else { return }
    planner.fetcher.forgetCached()
    fared = ProcessorTime.ofThread
    guard let fared, fared.isScarce(since: before) else { return }
    planner.isResting = true
    monitor.locked { rest.begin() }
    cache.note { $0.rests &+= 1 }
  }

  /// Leaves the processor that the program asked from last to the program.
  ///
  /// Where more threads run than there are processors, the scheduler may leave it at what it has: a
  /// library's thread that spins while it waits for work would keep a processor to itself, and the importing
  /// thread share the other with this one.
  private func leaveAsker() {
    guard isMovable, let asker = cache.askingProcessor, asker == .current else { return }
    isMovable = asker.leave()
  }

  /// Looks at what is opened besides modules once the program proves to be large enough; whether that is
  /// settled, one way or the other.
  private func beginWatch(_ planner: Planner) -> Bool {
    guard planner.modules.count >= Self.leastWatched else { return false }
    guard let profile, monitor.locked({ starts <= Self.mostWatchedStarts && !isEnding }),
      let watch = try? FileWatch(named: profile.watchName)
    else { return true }
    planner.begin(watch)
    profile.isWatching = true
    return true
  }

  /// Ends the thread unless a demand came meanwhile; afterwards a demand starts another.
  ///
  /// Nothing that follows needs the lock or touches what is shared with the next thread.
  private func finish() -> Bool {
    monitor.locked {
      guard phase == .running else { return true }
      guard !cache.hasDemands || starts >= Self.mostStarts else {
        starts &+= 1
        return false
      }
      phase = .idle
      return true
    }
  }
}
