/// Something a worker thread does that may block.
enum Job {
  /// Makes the calls of a file's way one after the other.
  case file(FileFetch)
  /// Reads a directory; whoever waits for it goes by the passage.
  case list([UInt8], Passage?)
  /// Warms the pages of a shared object: those a past run touched, or, where none are known, all that
  /// loading touches, and those of the libraries it needs.
  case pages([UInt8], LibraryPages?)
  /// Warms what loading the shared objects in a directory touches.
  case libraries([UInt8])
  /// Warms the pages of a shared object that the program's end will touch.
  case endPages([UInt8], LibraryPages)
  /// Brings a file that is no module's into the page cache.
  case data([UInt8])
  /// Makes a name known to the kernel.
  case name([UInt8])
  /// Has directories watched.
  case watch([[UInt8]], FileWatch)
  /// Reads a piece of a bundle.
  case piece(BundlePiece, FileBytesAllocator)
  /// Wakes the owner of the ring.
  case wake

  /// Whether it reads much that nobody waits for by name.
  var isBulk: Bool {
    switch self {
    case .pages, .libraries, .endPages, .data: true
    case .file, .list, .name, .watch, .piece, .wake: false
    }
  }
}

/// Jobs in the order they were given.
struct JobQueue {
  private var jobs: [Job] = []
  private var next = 0

  /// How many jobs have not been taken.
  var count: Int { jobs.count &- next }

  /// Adds a job at the end.
  mutating func append(_ job: Job) { jobs.append(job) }

  /// Takes the job at the front.
  mutating func take() -> Job? {
    guard next < jobs.count else { return nil }
    let job = jobs[next]
    next &+= 1
    if next == jobs.count {
      jobs.removeAll(keepingCapacity: true)
      next = 0
    }
    return job
  }
}
