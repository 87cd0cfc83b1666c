/// What has been fetched and not been asked for yet: handed over once, then forgotten.
///
/// The session's thread fills it; threads that import take from it. One lock guards all of it and
/// is never held during a system call on a file.
final class FetchCache: @unchecked Sendable {
  enum FileState {
    /// Announced; whoever asks may wait, or read it himself.
    case inFlight(Passage)
    /// In memory, not asked for yet.
    case ready(FileBytes, FileStatus)
    /// Cannot be served; importlib decides what that means.
    case failed
    /// Asked for before it was submitted: the asker reads it.
    case claimed
    /// Handed over.
    case consumed
    /// As if it had never been announced.
    case withdrawn
  }

  enum ListingState {
    case inFlight(Passage)
    case ready(DirectoryListing)
    case failed
    /// As if it had never been announced.
    case withdrawn
  }

  /// A module whose loader is about to ask for a file that was not announced.
  struct Demand: Equatable {
    let module: [UInt8]
    /// The file with its code, source or bytecode, where that is known.
    var file: [UInt8] = []
  }

  /// What decides whether what is in memory may be handed over.
  let gate: Gate
  let monitor = Monitor()
  var files = ByteTable<FileState>()
  var listings = ByteTable<ListingState>()
  private var demands: [Demand] = []
  var awaited = 0
  /// What the one who waits is waiting for, a file or a directory; `nil` where several wait, or did.
  var awaitedPath: [UInt8]?
  var asked = 0
  /// Where whoever asked last ran.
  var processor: Processor?
  var counters = Statistics()
  var recording = Recording()
  /// How many files were known when this process was forked.
  private var inherited = 0
  /// When the session's thread was last heard of; `nil` while it waits for what is in flight.
  private(set) var heard: Instant?

  /// An empty one.
  init(gate: Gate = Gate()) { self.gate = gate }

  // MARK: The session's side

  /// Notes that the file at `path` is on its way; `false` when a loader has already asked for it.
  func begin(file path: [UInt8]) -> Bool {
    monitor.locked {
      heard = Instant.now
      guard file(path) == nil else { return false }
      files.set(path, .inFlight(Passage()))
      return true
    }
  }

  /// Puts what came of a file where loaders find it.
  func finish(file path: [UInt8], _ outcome: FileFetch.Outcome) {
    let wasAwaited = monitor.locked {
      heard = Instant.now
      counters.count(outcome)
      guard case .inFlight? = files[path] else { return false }
      if case .contents(let bytes, let status, let isRacy) = outcome, !isRacy {
        files.set(path, .ready(bytes, status))
        counters.bytesUnused &+= bytes.count
      } else {
        files.set(path, .failed)
      }
      return mayBeAwaited(path)
    }
    if wasAwaited { monitor.notifyAll() }
  }

  /// Whether to wake those who wait: not where the one who does waits for something else.
  private func mayBeAwaited(_ path: [UInt8]) -> Bool {
    awaited > 0 && (awaitedPath == nil || awaitedPath == path)
  }

  /// Notes that the directory at `path` is being read; `false` when it was before.
  func begin(listing path: [UInt8]) -> Bool {
    monitor.locked {
      heard = Instant.now
      guard listing(path) == nil else { return false }
      listings.set(path, .inFlight(Passage()))
      return true
    }
  }

  /// The way of a file that is in flight.
  func passage(ofFile path: [UInt8]) -> Passage? {
    monitor.locked {
      if case .inFlight(let passage)? = files[path] { return passage }
      return nil
    }
  }

  /// The way of a directory that is in flight.
  func passage(ofListing path: [UInt8]) -> Passage? {
    monitor.locked {
      if case .inFlight(let passage)? = listings[path] { return passage }
      return nil
    }
  }

  /// What was read of the directory at `path` before this planner was made, current or not.
  func known(listing path: [UInt8]) -> DirectoryListing? {
    monitor.locked {
      if case .ready(let listing)? = listings[path] { return listing }
      return nil
    }
  }

  /// Runs what waits for what is in flight: meanwhile nothing need be heard of the session's thread.
  func parked<Result>(_ body: () -> Result) -> Result {
    monitor.locked { heard = nil }
    defer { monitor.locked { heard = Instant.now } }
    return body()
  }

  /// Puts a directory's names where finders look.
  func finish(listing path: [UInt8], _ listing: DirectoryListing?, _ reason: Errno?) {
    let wasAwaited = monitor.locked {
      heard = Instant.now
      if let listing {
        counters.directoriesListed &+= 1
        listings.set(path, listing.isRacy ? .failed : .ready(listing))
      } else {
        listings.set(path, .failed)
        counters.count(reason)
      }
      return mayBeAwaited(path)
    }
    if wasAwaited { monitor.notifyAll() }
  }

  /// Notes a module whose loader asked for a file that had not been submitted.
  func demand(_ demand: Demand) {
    monitor.locked {
      demands.append(demand)
      counters.demands &+= 1
    }
  }

  /// Takes the modules whose files were asked for too early.
  func takeDemands() -> [Demand] {
    monitor.locked {
      let taken = demands
      demands = []
      return taken
    }
  }

  /// Whether somebody asked for a file too early and the session does not know yet.
  var hasDemands: Bool { monitor.locked { !demands.isEmpty } }

  /// Gives up what is in flight, and lets every waiter go.
  func abandonInFlight() { replaceInFlight(.failed, .failed) }

  /// Takes back what is in flight, and lets every waiter go: it can be announced again.
  func withdrawInFlight() { replaceInFlight(.withdrawn, .withdrawn) }

  private func replaceInFlight(_ file: FileState, _ listing: ListingState) {
    monitor.locked {
      for index in 0..<files.count {
        if case .inFlight = files[at: index] { files[at: index] = file }
      }
      for index in 0..<listings.count {
        if case .inFlight = listings[at: index] { listings[at: index] = listing }
      }
      monitor.notifyAll()
    }
  }

  /// Gives up what nobody has asked for yet: importlib reads it.
  func release() {
    monitor.locked {
      for index in 0..<files.count {
        if case .ready = files[at: index] { files[at: index] = .failed }
      }
      counters.bytesUnused = 0
    }
  }

  /// Whether a loader has asked for the file at `path`.
  func wasAsked(file path: [UInt8]) -> Bool {
    monitor.locked {
      switch files[path] {
      case .claimed?, .consumed?, .failed?: return true
      case .inFlight?, .ready?, .withdrawn?, nil: return false
      }
    }
  }

  /// Whether the process that this one was forked from has asked for the file at `path`.
  func wasAskedBeforeFork(file path: [UInt8]) -> Bool {
    monitor.locked {
      guard inherited > 0, let index = files.index(of: path), index < inherited else {
        return false
      }
      switch files[at: index] {
      case .claimed, .consumed, .failed: return true
      case .inFlight, .ready, .withdrawn: return false
      }
    }
  }

  /// Whether the file at `path` was ever started or asked for.
  func isKnown(file path: [UInt8]) -> Bool { monitor.locked { file(path) != nil } }

  /// Whether the directory at `path` was ever started.
  func isKnown(listing path: [UInt8]) -> Bool {
    monitor.locked { listing(path) != nil }
  }

  /// Whether somebody waits for the file at `path`, and nobody for anything else.
  func isAwaited(file path: [UInt8]) -> Bool {
    monitor.locked { awaitedPath == path }
  }

  /// How many times anything has been asked for: it grows as long as the program imports.
  var questions: Int { monitor.locked { asked } }

  /// Where the thread that asked last ran then; `nil` until one has asked.
  var askingProcessor: Processor? { monitor.locked { processor } }

  /// Bytes in memory that nobody has asked for yet.
  var bytesUnused: Int { monitor.locked { counters.bytesUnused } }

  /// Changes the counters under the lock.
  func note(_ body: (inout Statistics) -> Void) {
    monitor.locked { body(&counters) }
  }

  /// Adds what the planner has counted.
  func add(_ progress: Progress) {
    monitor.locked { counters.add(progress) }
  }

  /// The counters as they stand.
  var statistics: Statistics { monitor.locked { counters } }

  /// Begins to note what is asked for.
  func startRecording() {
    monitor.locked { recording.isOn = true }
  }

  /// What has been asked for, in the order of need; `nil` where that is not noted.
  var needs: [Recording.Need]? { monitor.locked { recording.isOn ? recording.needs : nil } }

  /// Notes files that were opened beside the modules.
  func note(data paths: [[UInt8]]) {
    monitor.locked { for path in paths { recording.note(data: path) } }
  }

  /// Notes an extension module that a finder was led to.
  func note(native path: [UInt8]) {
    monitor.locked { recording.note(file: path) }
  }

  // MARK: All sides

  /// What is known of the file at `path`; the lock must be held.
  func file(_ path: [UInt8]) -> FileState? {
    guard let state = files[path] else { return nil }
    if case .withdrawn = state { return nil }
    return state
  }

  /// What is known of the directory at `path`; the lock must be held.
  func listing(_ path: [UInt8]) -> ListingState? {
    guard let state = listings[path] else { return nil }
    if case .withdrawn = state { return nil }
    return state
  }

  /// Forgets the directory at `path`; importlib was told that it may have changed.
  func forget(listing path: [UInt8]) {
    monitor.locked {
      if listing(path) != nil { listings.set(path, .failed) }
    }
  }

  /// Forgets everything, and notes nothing any more: the process has no room.
  func forgetAll() {
    monitor.locked {
      files = ByteTable()
      listings = ByteTable()
      recording = Recording()
      counters.bytesUnused = 0
      monitor.notifyAll()
    }
  }

  /// Makes the cache that of a child, in the child of a fork, which took place with the lock held by the
  /// forking thread: what was read before is the child's too, what is counted from now on is its own.
  func becomeChild() {
    monitor.reset()
    gate.fileSystems.abandonLock()
    (awaited, awaitedPath) = (0, nil)
    (asked, processor, heard) = (0, nil, nil)
    demands = []
    counters = Statistics()
    recording = Recording()
    inherited = files.count
  }
}
