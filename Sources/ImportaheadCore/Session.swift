/// One program's prefetching, from its start until nothing new appears.
///
/// The session's thread scans, resolves and fetches; threads that import take from the cache. When
/// all is done the thread ends; a demand it has not foreseen starts another.
public final class Session: @unchecked Sendable {
  let settings: SessionSettings
  let cache: FetchCache
  /// What the program may do, as when this began.
  let rights = InitialRights()
  /// What past runs needed; `nil` where that is not asked for, and in the child of a fork.
  private(set) var profile: LearnedProfile?
  /// Guards what follows.
  let monitor = Monitor()
  private var phase = Phase.idle(after: nil)
  /// How many threads are about to fork: meanwhile none of ours is started.
  private var forks = 0
  private(set) var starts = 0
  var rest = Rest()
  /// When it is looked next, while the session rests, whether who asks has had to wait.
  private var nextLook = Instant.now
  private var isEnding = false
  /// What was planned, kept from one stint to the next; `nil` while a stint has it, and before the first.
  private var plan: Planner?
  /// What the next planner begins with.
  private var origin = Origin.program
  /// Tells this process from children that were made behind the back of pthread_atfork(3).
  private let mark = ProcessMark()

  /// What there is of the session's threads.
  private enum Phase {
    /// None works, and a demand starts one, which sees the end of the one before.
    case idle(after: Stint?)
    case running(Stint)
    /// None works any more in this process: they have worked as long as they may.
    case spent
    /// None works any more, here or in a child.
    case stopped
  }

  /// What a planner begins with.
  enum Origin {
    /// What the program starts from, and its profile.
    case program
    /// Nothing but demands: the start of this process is behind it.
    case demands
  }

  /// How often it is looked, while the session rests, whether who asks has had to wait, in milliseconds.
  private static let restInterval = 2
  /// How often a demand may start the thread again.
  private static let mostStarts = 200

  /// Prepares a session; nothing happens before `start()`.
  public init(settings: SessionSettings) {
    var settings = settings
    // To keep a profile takes mkdir(2) and rename(2), which a filter knows that lets bytecode be written, or
    // whoever names a directory for profiles.
    if Confinement.allowsPlainCallsOnly, !settings.writesBytecode, settings.profile.isPerUser {
      settings.profile.isWritten = false
    }
    self.settings = settings
    cache = FetchCache(gate: Gate(rights: rights))
    guard LearnedProfile.isWanted(settings) else { return }
    profile = LearnedProfile(settings)
    cache.startRecording()
  }

  /// Prepares the session of a process that was made without fork(2) being told of: nothing of `parent`
  /// but its settings can be trusted, since a thread that does not exist here may have been at it.
  private init(behind parent: Session) {
    settings = parent.settings
    cache = FetchCache(gate: Gate(rights: rights))
    origin = .demands
    // Never touched again, and never freed.
    _ = unsafe Unmanaged.passRetained(parent)
  }

  /// The session of the calling process: this one, or a new one in a child that it does not know of.
  ///
  /// A look at memory alone.
  public var ofThisProcess: Session { mark.isHere ? self : Session(behind: self) }

  /// Starts the session's thread; throws where the process may not have another, or has other rights than
  /// those that the session began with.
  public func start() throws(Errno) {
    monitor.lock()
    defer { monitor.unlock() }
    guard case .idle(let earlier) = phase, forks == 0, starts < Self.mostStarts else { return }
    guard rights.areHeld else {
      phase = .stopped
      throw Errno.otherRights
    }
    starts &+= 1
    let stint = Stint()
    let importing = Processor.current
    let table: Thread.Descriptors = Confinement.allowsPlainCallsOnly ? .copied : .shared
    stint.thread = try Thread(descriptors: table) {
      importing.leave()
      // It has said that it is done and is about to end: not the importing thread, which may be the one that
      // starts us, but its successor waits for that.
      _ = earlier?.thread?.join(milliseconds: 1000)
      self.run(stint)
    }
    phase = .running(stint)
  }

  /// Stops the session for good, waiting for its threads for at most `milliseconds`.
  ///
  /// Returns whether they have ended. What is in memory can still be taken.
  @discardableResult
  public func stop(milliseconds: Int) -> Bool {
    let deadline = Instant.now.adding(milliseconds: milliseconds)
    let stint = leave()
    let ended = stint?.end(by: deadline) ?? true
    cache.abandonInFlight()
    return profile?.endReading(milliseconds: deadline.millisecondsLeft) ?? true && ended
  }

  /// Has the session's thread end, beside the end of the program, what takes a while to end.
  ///
  /// The session goes on: a program may part with what tells of its end before it ends.
  public func prepareForEnd() {
    monitor.lock()
    isEnding = true
    if case .running(let stint) = phase { stint.wake() }
    monitor.unlock()
  }

  /// Hands over the bytes of the file at `path`, unless importlib must read it.
  ///
  /// May wait for a moment: the caller must not hold the GIL. `question.isDemand` is set when
  /// `demand(module:file:)` should be told whose file it is.
  public func take(_ path: [UInt8], _ question: inout Question) -> Attempt<FileBytes> {
    let attempt = cache.take(path, &question)
    if case .pending = attempt { endIfDead() }
    return attempt
  }

  /// Lets the session learn that a loader asked for a module's file that it had not submitted; `file` is
  /// where the module's code was found, if anywhere.
  public func demand(module name: [UInt8], file: [UInt8] = []) {
    monitor.lock()
    let answer = restAnswer()
    if answer == .heed { cache.demand(FetchCache.Demand(module: name, file: file)) }
    var isIdle = false
    switch phase {
    case .idle: isIdle = true
    case .running(let stint): if answer == .heed { stint.wake() }
    case .spent, .stopped: break
    }
    monitor.unlock()
    if isIdle, answer != .ignore { try? start() }
  }

  /// What becomes of a demand; called with the lock held.
  ///
  /// To know whether the asker has waited takes a call that a filter may not know: rights are looked at
  /// first, which takes longer than that call, so that it is not made every time.
  private func restAnswer() -> Rest.Answer {
    guard rest.isOn else { return .heed }
    let now = Instant.now
    let mayLook = now >= nextLook
    if mayLook { nextLook = now.adding(milliseconds: Self.restInterval) }
    return rest.answer(mayLook: mayLook && rights.areHeld)
  }

  /// The names in the directory at `path`, each followed by a NUL, if they are known and current.
  ///
  /// May wait for a moment: the caller must not hold the GIL.
  public func names(in path: [UInt8], _ question: inout Question) -> Attempt<[UInt8]> {
    switch listing(path, &question) {
    case .found(let listing):
      cache.isFresh(listing, isListed: true) ? .found(listing.names) : .notFound
    case .notFound: .notFound
    case .pending: .pending
    }
  }

  /// The names in the directory at `path` as they were read.
  func listing(
    _ path: [UInt8], _ question: inout Question, mayWait: Bool = true
  ) -> Attempt<DirectoryListing> {
    let attempt = cache.listing(path, &question, mayWait: mayWait)
    if case .pending = attempt { endIfDead() }
    return attempt
  }

  /// Forgets the names in the directory at `path`.
  public func forget(directory path: [UInt8]) {
    cache.forget(listing: path)
  }

  /// Ends the session if one of its threads is gone that nobody has told to end: a filter of system calls
  /// kills threads.
  private func endIfDead() {
    let isDead = monitor.locked {
      guard case .running(let stint) = phase, stint.hasDied else { return false }
      phase = .stopped
      return true
    }
    if isDead { cache.abandonInFlight() }
  }

  /// Has the thread that works end, and none work any more; what there was.
  private func leave() -> Stint? {
    monitor.locked {
      var stint: Stint?
      switch phase {
      case .idle(let earlier): stint = earlier
      case .running(let running):
        stint = running
        running.wake()
      case .spent, .stopped: break
      }
      phase = .stopped
      return stint
    }
  }

  // MARK: Fork

  /// Called before a fork: ends the session's threads, waiting for at most `milliseconds`, and holds the locks
  /// until `endFork` or `becomeChild`, so that the child finds everything whole.
  public func beginFork(milliseconds: Int) {
    let deadline = Instant.now.adding(milliseconds: milliseconds)
    let stint: Stint? = monitor.locked {
      forks &+= 1
      switch phase {
      case .running(let running):
        running.wake()
        phase = .idle(after: running)
        return running
      case .idle(let earlier): return earlier
      case .spent, .stopped: return nil
      }
    }
    let hasEnded = stint?.end(by: deadline) ?? true
    _ = profile?.endReading(milliseconds: deadline.millisecondsLeft)
    cache.withdrawInFlight()
    monitor.lock()
    // Who does not end keeps what was planned to himself.
    if let stint, !hasEnded {
      stint.isLeft = true
      origin = .demands
    }
    cache.monitor.lock()
  }

  /// Called in the parent after a fork: a demand starts the session's thread again.
  public func endFork() {
    cache.monitor.unlock()
    forks &-= 1
    monitor.unlock()
  }

  /// Called in the child of a fork: its first demand starts a session of its own, with what was read before.
  public func becomeChild() {
    mark.renew()
    monitor.reset()
    rights.becomeChild()
    cache.becomeChild()
    forks = 0
    starts = 0
    rest = Rest()
    isEnding = false
    // None of these threads is here; what belongs to them is left as it is, for ever.
    if case .idle(let earlier) = phase { earlier?.disown() }
    if case .stopped = phase {} else { phase = .idle(after: nil) }
    if let plan { _ = unsafe Unmanaged.passRetained(plan) }
    plan = nil
    origin = .demands
    // What a child needs is not what the program needs.
    if let profile { _ = unsafe Unmanaged.passRetained(profile) }
    profile = nil
  }

  // MARK: The session's thread

  private func run(_ stint: Stint) {
    let begin = Instant.now
    if (try? Thread.enterPrivateDescriptorTable()) == nil { giveUp(stint) }
    repeat { Work.run(stint, of: self) } while !finish(stint)
    cache.note {
      $0.processorTime &+= Instant.threadTime
      $0.sessionTime &+= Instant.now.nanoseconds &- begin.nanoseconds
    }
  }

  /// Whether the stint is the one that is to work, and whether the program is about to end; `nil` where the
  /// stint is to end.
  func hasWork(_ stint: Stint) -> (isEnding: Bool, isResting: Bool)? {
    monitor.locked { isCurrent(stint) ? (isEnding, rest.isOn) : nil }
  }

  /// Hands over what was planned before, and tells what a planner begins with where there is nothing.
  func takePlan() -> (Planner?, Origin) {
    monitor.locked {
      defer { plan = nil }
      return (plan, origin)
    }
  }

  /// Keeps a plan for the next stint.
  func keep(_ plan: Planner, of stint: Stint) {
    monitor.locked { if !stint.isLeft { self.plan = plan } }
  }

  /// Has no stint work any more in this process.
  func giveUp(_ stint: Stint) {
    let isOver = monitor.locked {
      guard isCurrent(stint) else { return false }
      phase = .spent
      return true
    }
    if isOver { cache.abandonInFlight() }
  }

  /// Leaves everything to the program, for which there is no room beside us, in this process for good.
  func giveWay(_ stint: Stint) {
    giveUp(stint)
    cache.release()
  }

  /// Ends the stint unless a demand came meanwhile; afterwards a demand starts another.
  ///
  /// Nothing that follows needs the lock or touches what is shared with the next thread.
  private func finish(_ stint: Stint) -> Bool {
    monitor.locked {
      guard isCurrent(stint) else { return true }
      guard !cache.hasDemands || starts >= Self.mostStarts else {
        starts &+= 1
        return false
      }
      phase = .idle(after: stint)
      return true
    }
  }

  /// Whether the stint is the one that is to work; the lock must be held.
  private func isCurrent(_ stint: Stint) -> Bool {
    if case .running(let running) = phase { return running === stint }
    return false
  }
}
