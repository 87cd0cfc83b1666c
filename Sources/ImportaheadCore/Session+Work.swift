/// What the session's thread does in one stint: plans, starts what is wanted, takes what has arrived, until
/// nothing is left to do and nobody has asked for anything for a while.
struct Work {
  private let session: Session
  private let stint: Stint
  private let planner: Planner
  private let fetcher: Fetcher
  private let deadline: Instant
  private var recall: Recall
  private var watch: Watch
  private var quiet = Quiet.no
  private var fared: ProcessorTime?
  private var isMovable = true
  /// How many processors this process may use.
  private let processors: Int
  private var backend: Backend
  /// Rings of the fetcher that have been counted.
  private var rings = 0

  /// Where what past runs needed is.
  private enum Recall {
    /// Being read: until then nothing is started but what is asked for, since the profile knows better what
    /// comes first.
    case awaited(until: Instant)
    /// Still being read: it is used when it comes.
    case late
    case settled
  }

  /// Whether what is opened besides modules is looked at.
  private enum Watch {
    /// Once the program proves to be large enough.
    case undecided
    case decided
  }

  /// Whether there has been nothing to do.
  private enum Quiet {
    case no
    /// Since then, when so many things had been asked for in all.
    case since(Instant, questions: Int)
  }

  /// How long the thread stays when all is done and nobody asks for anything, in milliseconds: a
  /// demand finds a thread that waits sooner than one that must be started.
  private static let patience = 60
  /// How long a stint waits for the profile before it begins without, in milliseconds.
  private static let recallPatience = 100
  /// How long the end of a stint may take, in milliseconds.
  private static let closing = 100
  /// Files and statuses in a row that the kernel had in memory, those of some sixteen modules, after which
  /// it is asked whether reading on is worth its processor time.
  private static let leastCached = 32
  /// Modules of a program that is worth a watch: to end one takes the kernel more than 10 ms, which
  /// a program that ends at once has to wait for in part.
  private static let leastWatched = 64
  /// The starts of the thread that still belong to the start of the program.
  private static let mostWatchedStarts = 8

  /// Does what there is to do for a session.
  static func run(_ stint: Stint, of session: Session) {
    guard session.hasWork(stint) != nil else { return }
    let (kept, origin) = session.takePlan()
    let room = Room(below: [])
    let gauge = kept?.gauge ?? MemoryGauge(room.memory)
    guard let limits = session.settings.limits.fitting(room, memory: gauge.room) else {
      // Nothing is recorded either of a program that has all there is.
      if kept == nil { session.cache.forgetAll() }
      return session.giveWay(stint)
    }
    let fetcher = Fetcher(
      wanted: session.wantedBackend, limits: limits, gate: session.cache.gate)
    session.monitor.locked { stint.workers = fetcher.waker }
    var work: Work
    if let kept {
      work = Work(session, stint, fetcher, kept, processors: room.processors)
      work.resume()
    } else {
      var fitting = session.settings
      fitting.limits = limits
      let planner = Planner(fitting, session.cache, fetcher, gauge)
      work = Work(session, stint, fetcher, planner, processors: room.processors)
      work.begin(origin)
    }
    work.goOn()
    work.end()
  }

  private init(
    _ session: Session, _ stint: Stint, _ fetcher: Fetcher, _ planner: Planner, processors: Int
  ) {
    self.session = session
    self.stint = stint
    self.fetcher = fetcher
    self.planner = planner
    self.processors = processors
    deadline = Instant.now.adding(milliseconds: session.settings.limits.duration)
    backend = fetcher.backend
    recall = .settled
    watch = .decided
    let backend = backend
    session.cache.note { $0.backend = backend }
  }

  /// Goes on with what an earlier stint had planned.
  private mutating func resume() {
    planner.resume(with: fetcher)
    if session.profile?.isReading == true { recall = .late }
    if session.profile?.wantsWatch == true { watch = .undecided }
  }

  private mutating func begin(_ origin: Session.Origin) {
    planner.openBundle()
    guard case .program = origin else {
      for entry in planner.entries { _ = planner.directory(entry, for: nil) }
      return
    }
    if let profile = session.profile {
      let workers = fetcher.waker
      profile.read { workers.relayWake() }
      recall = .awaited(until: Instant.now.adding(milliseconds: Self.recallPatience))
    } else {
      planner.recall(Profile(), of: nil)
    }
    planner.begin()
  }

  private mutating func goOn() {
    // Under a filter nothing tells what is in the page cache.
    let mayRest =
      session.settings.mayRest && planner.bundle == nil && !Confinement.allowsPlainCallsOnly
    fared = mayRest ? ProcessorTime.ofThread : nil
    while let present = session.hasWork(stint) {
      guard session.rights.wereHeldLately else { return session.giveUp(stint) }
      leaveAsker()
      takeProfile()
      let demands = session.cache.takeDemands()
      beginWatch(isEnding: present.isEnding)
      if present.isEnding { planner.endWatch() } else { planner.noteOpened() }
      planner.isResting = present.isResting
      planner.take(demands: demands)
      if !isHeld { planner.pump() }
      guard planner.memory != .short else { return }
      restIfUseful()
      noteBackend()
      if !demands.isEmpty { quiet = .no }
      if planner.isDone, !isHeld {
        if !present.isEnding, planner.recallEnd() { continue }
        guard waitForDemands() else { return }
      } else {
        quiet = .no
        guard Instant.now < deadline else { return session.giveUp(stint) }
        waitForArrivals()
      }
    }
  }

  private func end() {
    planner.bundle?.release()
    planner.endWatch()
    let isShort = planner.memory == .short
    if isShort {
      session.giveWay(stint)
    } else if session.hasWork(stint) != nil {
      session.saveGrowingProfile()
    }
    session.monitor.locked { stint.workers = nil }
    let areWorkersGone = fetcher.close(milliseconds: Self.closing)
    session.monitor.locked { stint.areWorkersGone = areWorkersGone }
    session.cache.note { $0.processorTime &+= fetcher.workerTime }
    // Of one that was told to leave, others take care of what is in flight.
    if session.hasWork(stint) != nil { session.cache.abandonInFlight() }
    if !isShort { session.keep(planner, of: stint) }
  }

  /// Whether only what is asked for is started.
  private var isHeld: Bool {
    if case .awaited = recall { return true }
    return false
  }

  /// Takes what past runs needed when it has come, or stops waiting for it.
  private mutating func takeProfile() {
    if case .settled = recall { return }
    guard let profile = session.profile else { return }
    if let read = profile.takeRead() {
      planner.recall(read, of: profile)
      recall = .settled
      if profile.wantsWatch { watch = .undecided }
    } else if !profile.isReading {
      planner.recall(Profile(), of: profile)
      recall = .settled
    } else if case .awaited(let end) = recall, Instant.now >= end {
      recall = .late
    }
  }

  /// Waits for what is in flight, unless something that has come is to be scanned; scans what comes first.
  private func waitForArrivals() {
    if planner.hasToScan {
      planner.take(fetcher.wait(until: nil))
    } else {
      var end = deadline
      // Nobody says when memory is free again.
      if planner.isStarved { end = Instant.now.adding(milliseconds: Self.patience) }
      if case .awaited(let moment) = recall { end = Swift.min(end, moment) }
      planner.take(session.cache.parked { fetcher.wait(until: end) })
    }
    if planner.hasToScan { planner.scanArrival() }
  }

  /// Waits for somebody to ask for something; `false` where nobody has for long enough.
  private mutating func waitForDemands() -> Bool {
    let questions = session.cache.questions
    guard case .since(let start, questions) = quiet else {
      quiet = .since(Instant.now, questions: questions)
      return true
    }
    let end = start.adding(milliseconds: Self.patience)
    if Instant.now >= end, !session.cache.hasDemands { return false }
    planner.take(session.cache.parked { fetcher.wait(until: end) })
    return true
  }

  /// Leaves the importing threads alone until they have to wait, where what is asked for is in memory
  /// anyway and the threads of this process have to share too few processors.
  private mutating func restIfUseful() {
    guard let before = fared, fetcher.cachedInARow >= Self.leastCached else { return }
    fetcher.forgetCached()
    fared = ProcessorTime.ofThread
    guard let fared, processors < 2 || fared.isScarce(since: before) else { return }
    planner.isResting = true
    session.monitor.locked { session.rest.begin() }
    session.cache.note { $0.rests &+= 1 }
  }

  private mutating func noteBackend() {
    let more = fetcher.rings &- rings
    if more > 0 { session.cache.note { $0.rings &+= more } }
    rings = fetcher.rings
    guard fetcher.backend != backend else { return }
    backend = fetcher.backend
    let backend = backend
    session.cache.note { $0.backend = backend }
  }

  /// Leaves the processor that the program asked from last to the program.
  ///
  /// Where more threads run than there are processors, the scheduler may leave it at what it has: a
  /// library's thread that spins while it waits for work would keep a processor to itself, and the importing
  /// thread share the other with this one.
  private mutating func leaveAsker() {
    guard isMovable, let asker = session.cache.askingProcessor, asker == .current else { return }
    isMovable = asker.leave()
  }

  /// Looks at what is opened besides modules once the program proves to be large enough.
  private mutating func beginWatch(isEnding: Bool) {
    guard case .undecided = watch, planner.modules.count >= Self.leastWatched else { return }
    watch = .decided
    guard let profile = session.profile, !isEnding,
      session.monitor.locked({ session.starts <= Self.mostWatchedStarts }),
      let found = try? FileWatch(named: profile.watchName)
    else { return }
    planner.begin(found)
    profile.isWatching = true
  }
}

extension Session {
  /// The back end to try first.
  fileprivate var wantedBackend: Backend {
    guard settings.backend == .ring else { return .threads }
    return Confinement.allowsPlainCallsOnly && !settings.isBackendForced ? .threads : .ring
  }
}
