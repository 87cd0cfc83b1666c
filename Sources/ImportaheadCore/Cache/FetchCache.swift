/// What has been fetched and not been asked for yet: handed over once, then forgotten.
///
/// The session's thread fills it; threads that import take from it. One lock guards all of it and
/// is never held during a system call on a file.
final class FetchCache: @unchecked Sendable {
  private enum FileState {
    /// Submitted; whoever asks may wait.
    case inFlight
    /// In memory, not asked for yet.
    case ready(FileBytes, FileStatus)
    /// Cannot be served; importlib decides what that means.
    case failed
    /// Asked for before it was submitted: the asker reads it.
    case claimed
    /// Handed over.
    case consumed
  }

  private enum ListingState {
    case inFlight
    case ready(DirectoryListing)
    case failed
  }

  private let monitor = Monitor()
  private var files = ByteTable<FileState>()
  private var listings = ByteTable<ListingState>()
  private var demands: [[UInt8]] = []
  private var awaited = 0
  /// What the one who waits is waiting for, a file or a directory; `nil` where several wait, or did.
  private var awaitedPath: [UInt8]?
  private var asked = 0
  /// Where whoever asked last ran.
  private var processor: Processor?
  private var counters = Statistics()
  private var recording = Recording()

  /// How long anybody waits for something in flight before asking the file system: what stock's own
  /// read may take is not known, what a user puts up with is.
  private static let patience = 30_000

  // MARK: The session's side

  /// Notes that the file at `path` is on its way; `false` when a loader has already asked for it.
  func begin(file path: [UInt8]) -> Bool {
    monitor.locked {
      guard files[path] == nil else { return false }
      files.set(path, .inFlight)
      return true
    }
  }

  /// Puts what came of a file where loaders find it.
  func finish(file path: [UInt8], _ outcome: FileFetch.Outcome) {
    let wasAwaited = monitor.locked {
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
      guard listings[path] == nil else { return false }
      listings.set(path, .inFlight)
      return true
    }
  }

  /// Puts a directory's names where finders look.
  func finish(listing path: [UInt8], _ listing: DirectoryListing?, _ reason: Errno?) {
    let wasAwaited = monitor.locked {
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
  func demand(module: [UInt8]) {
    monitor.locked {
      demands.append(module)
      counters.demands &+= 1
    }
  }

  /// Takes the modules whose files were asked for too early.
  func takeDemands() -> [[UInt8]] {
    monitor.locked {
      let taken = demands
      demands = []
      return taken
    }
  }

  /// Whether somebody asked for a file too early and the session does not know yet.
  var hasDemands: Bool { monitor.locked { !demands.isEmpty } }

  /// Gives up what is in flight, and lets every waiter go.
  func abandonInFlight() {
    monitor.locked {
      for index in 0..<files.count where isInFlight(files[at: index]) {
        files[at: index] = .failed
      }
      for index in 0..<listings.count {
        if case .inFlight = listings[at: index] { listings[at: index] = .failed }
      }
      monitor.notifyAll()
    }
  }

  /// Whether a loader has asked for the file at `path`.
  func wasAsked(file path: [UInt8]) -> Bool {
    monitor.locked {
      switch files[path] {
      case .claimed?, .consumed?, .failed?: return true
      case .inFlight?, .ready?, nil: return false
      }
    }
  }

  /// Whether the file at `path` was ever started or asked for.
  func isKnown(file path: [UInt8]) -> Bool { monitor.locked { files.index(of: path) != nil } }

  /// Whether the directory at `path` was ever started.
  func isKnown(listing path: [UInt8]) -> Bool {
    monitor.locked { listings.index(of: path) != nil }
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

  // MARK: The importing threads' side

  /// Hands over the bytes of the file at `path`, or returns `nil` where importlib must read it.
  ///
  /// Waits for a file in flight; the caller must not hold the GIL. `isDemand` is set when the
  /// session should learn that the file was asked for.
  func take(_ path: [UInt8], isDemand: inout Bool) -> FileBytes? {
    guard let (bytes, status) = claim(path, &isDemand) else {
      monitor.locked { counters.misses &+= 1 }
      return nil
    }
    // Strictly fresh: what the file system says now decides, as it would for importlib.
    let now = try? FileStatus(path: CPath(path))
    return monitor.locked {
      guard now == status else {
        counters.stale &+= 1
        counters.misses &+= 1
        return nil
      }
      counters.hits &+= 1
      counters.bytesServed &+= bytes.count
      return bytes
    }
  }

  private func claim(_ path: [UInt8], _ isDemand: inout Bool) -> (FileBytes, FileStatus)? {
    monitor.lock()
    defer { monitor.unlock() }
    noteQuestion()
    if isInFlight(files[path]) { wait(for: path) { self.isInFlight(self.files[path]) } }
    switch files[path] {
    case .ready(let bytes, let status)?:
      files.set(path, .consumed)
      recording.note(file: path)
      counters.bytesUnused &-= bytes.count
      return (bytes, status)
    case .failed?:
      recording.note(file: path)
      return nil
    case nil:
      files.set(path, .claimed)
      recording.note(file: path)
      isDemand = true
      return nil
    default:
      return nil
    }
  }

  /// The names in the directory at `path` if they are known and the directory is unchanged.
  ///
  /// Waits for a listing in flight if `mayWait`; the caller must not hold the GIL.
  func freshListing(_ path: [UInt8], mayWait: Bool = true) -> DirectoryListing? {
    guard let listing = listing(path, mayWait), let now = try? FileStatus(path: CPath(path)),
      now == listing.status
    else { return nil }
    return listing
  }

  private func listing(_ path: [UInt8], _ mayWait: Bool) -> DirectoryListing? {
    monitor.lock()
    defer { monitor.unlock() }
    noteQuestion()
    if mayWait, isInFlight(listing: path) { wait(for: path) { self.isInFlight(listing: path) } }
    guard case .ready(let listing)? = listings[path] else {
      recording.note(unlisted: path)
      return nil
    }
    if !listing.wasNeeded {
      listing.wasNeeded = true
      recording.note(directory: path)
    }
    return listing
  }

  /// Forgets the directory at `path`; importlib was told that it may have changed.
  func forget(listing path: [UInt8]) {
    monitor.locked {
      if listings[path] != nil { listings.set(path, .failed) }
    }
  }

  /// Forgets everything: the process has other rights, or is another process.
  func forgetAll() {
    monitor.locked {
      files = ByteTable()
      listings = ByteTable()
      recording = Recording()
      counters.bytesUnused = 0
      monitor.notifyAll()
    }
  }

  /// Makes the lock usable in the child of a fork, where its owner may not exist.
  func abandonLock() { monitor.reset() }

  private func noteQuestion() {
    asked &+= 1
    processor = Processor.current
  }

  private func isInFlight(_ state: FileState?) -> Bool {
    if case .inFlight? = state { return true }
    return false
  }

  private func isInFlight(listing path: [UInt8]) -> Bool {
    if case .inFlight? = listings[path] { return true }
    return false
  }

  private func wait(for path: [UInt8], while condition: () -> Bool) {
    awaitedPath = awaited == 0 ? path : nil
    let start = Instant.now
    let deadline = start.adding(milliseconds: Self.patience)
    awaited &+= 1
    while condition(), monitor.wait(until: deadline) {}
    awaited &-= 1
    awaitedPath = nil
    processor = Processor.current
    counters.waits &+= 1
    counters.waitTime &+= Instant.now.nanoseconds &- start.nanoseconds
  }
}
