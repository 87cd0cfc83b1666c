/// What a session did, in counts, bytes and nanoseconds.
public struct Statistics: Sendable {
  /// The back end in use.
  public internal(set) var backend = Backend.none
  /// Files a loader asked for and got from memory.
  public internal(set) var hits = 0
  /// Files a loader asked for and importlib read.
  public internal(set) var misses = 0
  /// Misses because the file had changed since it was read ahead.
  public internal(set) var stale = 0
  /// Times an importing thread waited for something in flight.
  public internal(set) var waits = 0
  /// How long it waited in all, in nanoseconds.
  public internal(set) var waitTime = 0
  /// Files read into memory.
  public internal(set) var filesFetched = 0
  /// Their size in bytes.
  public internal(set) var bytesFetched = 0
  /// Bytes handed to loaders.
  public internal(set) var bytesServed = 0
  /// Bytes in memory that nobody has asked for.
  public internal(set) var bytesUnused = 0
  /// Bytecode files among the files fetched.
  public internal(set) var bytecodeFetched = 0
  /// Source files among the files fetched.
  public internal(set) var sourcesFetched = 0
  /// Directories read.
  public internal(set) var directoriesListed = 0
  /// Bytes of shared objects the kernel was asked to read ahead.
  public internal(set) var bytesWarmed = 0
  /// Shared objects that are not the files whose pages the profile knows.
  public internal(set) var pagesStale = 0
  /// Modules planned.
  public internal(set) var modulesPlanned = 0
  /// Demands: files asked for before they were planned or submitted.
  public internal(set) var demands = 0
  /// Times it was found that the page cache had all and processors were scarce, so that no more was read.
  public internal(set) var rests = 0
  /// Rings that were set up, because something had to be waited for.
  public internal(set) var rings = 0
  /// Processor time of the session's threads, in nanoseconds.
  public internal(set) var processorTime = 0
  /// How long the session's thread was alive, in nanoseconds.
  public internal(set) var sessionTime = 0
  /// What became of the profile, as the statistics of Python name it; 0 where none is used.
  public internal(set) var profileState = 0
  /// Files that the profile named.
  public internal(set) var profileFiles = 0
  /// Files among them that were needed.
  public internal(set) var profileUsed = 0
  /// What became of the bundle: 0 where none is named, 1 where it is not to be used, 2 when it is read.
  public internal(set) var bundleState = 0
  /// Files that the bundle holds.
  public internal(set) var bundleFiles = 0
  /// Files among those fetched that came from it.
  public internal(set) var bundleUsed = 0
  /// Files and directories that had changed since it was made.
  public internal(set) var bundleStale = 0
  /// Failures other than those that looking for files brings along.
  public internal(set) var errors = 0
  /// The error number of the last such failure; 0 for none.
  public internal(set) var lastError: Int32 = 0

  mutating func add(_ progress: Progress) {
    bytecodeFetched &+= progress.bytecodeFetched
    sourcesFetched &+= progress.sourcesFetched
    bytesWarmed &+= progress.bytesWarmed
    pagesStale &+= progress.pagesStale
    modulesPlanned &+= progress.modulesPlanned
    bundleUsed &+= progress.bundleUsed
    bundleStale &+= progress.bundleStale
  }

  mutating func count(_ outcome: FileFetch.Outcome) {
    switch outcome {
    case .contents(let bytes, _, _):
      filesFetched &+= 1
      bytesFetched &+= bytes.count
    case .status: break
    case .failed(let reason): count(reason)
    }
  }

  mutating func count(_ reason: Errno?) {
    guard let reason, !reason.isExpected else { return }
    errors &+= 1
    lastError = reason.code
  }
}

/// What the planner counts by itself, so that it need not take the cache's lock each time.
struct Progress: Equatable {
  var bytecodeFetched = 0
  var sourcesFetched = 0
  var bytesWarmed = 0
  var pagesStale = 0
  var modulesPlanned = 0
  var bundleUsed = 0
  var bundleStale = 0
}
