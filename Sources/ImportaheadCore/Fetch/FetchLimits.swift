/// How much is fetched at once and in all.
public struct FetchLimits: Sendable {
  /// Files on their way at once.
  ///
  /// With more, what is needed first is held up by what is needed later: the processors on which a FUSE
  /// server runs beside the program take that much longer for each request.
  var filesInFlight = 32
  /// Whether a ring may be set up: its workers are tasks beside the program.
  var mayHaveRing = true
  /// Kernel workers of the ring that may block at once: each file waits for one call.
  var workers = 32
  /// Threads that list directories and warm libraries beside a ring.
  var threadsBesideRing = 8
  /// Threads that do everything where there is no ring.
  var threads = 16
  /// The largest bytecode file that is kept, in bytes.
  var bytecodeSize = 8 << 20
  /// The largest source file that is kept, in bytes.
  var sourceSize = 2 << 20
  /// Bytes in memory that nobody has asked for yet.
  var bytesUnused = 64 << 20
  /// Pages of shared objects and data files that may be brought into the page cache, in bytes.
  var pageBytes = 1 << 30
  /// Files in all.
  var files = 20_000
  /// How long a session may work, in milliseconds.
  var duration = 10_000

  /// Entries of the ring's submission queue: a request at a time for each file, and the wake's; the
  /// kernel rounds up to a power of two.
  var ringDepth: UInt32 { UInt32(clamping: filesInFlight &* 2) }
  /// Workers that the ring is to have.
  var ringWorkers: UInt32 { UInt32(clamping: Swift.min(workers, filesInFlight)) }
  /// Whether the ring must not have more, as it may where the kernel cannot be told.
  var mustLimitWorkers: Bool { workers < FetchLimits().workers }

  /// The default limits.
  public init() {}
}
