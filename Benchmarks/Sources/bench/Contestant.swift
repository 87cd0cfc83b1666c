import ArgumentParser

/// A way to start a program.
enum Contestant: String, CaseIterable, ExpressibleByArgument {
  case stock
  case stockWarm = "stock-warm"
  case ioUring = "io_uring"
  case threads
  case restless
  case recording
  case ioUringLearned = "io_uring-learned"
  case threadsLearned = "threads-learned"
  case launcher
  case bundle
  case launcherBundle = "launcher-bundle"
  case readList = "readlist"
  case cat
  case vmtouch
  case pycds
  case zipapp
  case squashfs

  /// The name in tables.
  var title: String {
    switch self {
    case .stock: "stock"
    case .stockWarm: "stock, warm (ceiling)"
    case .ioUring: "importahead first start, io_uring"
    case .threads: "importahead first start, threads"
    case .restless: "importahead first start that never rests, io_uring"
    case .recording: "importahead first start that records, io_uring"
    case .ioUringLearned: "importahead learned, io_uring"
    case .threadsLearned: "importahead learned, threads"
    case .launcher: "importahead run, learned, io_uring"
    case .bundle: "importahead bundle, io_uring"
    case .launcherBundle: "importahead run with a bundle, learned, io_uring"
    case .readList: "recorded list, readahead by 8 threads"
    case .cat: "recorded list, cat before start"
    case .vmtouch: "vmtouch -t site-packages before start"
    case .pycds: "PyCDS archive"
    case .zipapp: "zipapp"
    case .squashfs: "squashfs image"
    }
  }

  /// The back end it forces; `nil` where it is not importahead.
  var backend: String? {
    switch self {
    case .ioUring, .restless, .recording, .ioUringLearned, .launcher, .bundle, .launcherBundle:
      "io_uring"
    case .threads, .threadsLearned: "threads"
    default: nil
    }
  }

  /// Whether it reads what an earlier start of the same program recorded.
  var isLearned: Bool {
    switch self {
    case .ioUringLearned, .threadsLearned, .launcher, .launcherBundle: true
    default: false
    }
  }

  /// Whether `importahead run` starts the program.
  var hasLauncher: Bool { self == .launcher || self == .launcherBundle }

  /// Whether it is given a bundle.
  var hasBundle: Bool { self == .bundle || self == .launcherBundle }

  /// Whether the comparison makes sense there.
  func matters(on storage: Storage) -> Bool {
    switch self {
    case .stockWarm, .readList, .cat, .vmtouch: storage != .localWarm
    // Who has to wait for files does not rest.
    case .restless: storage == .localWarm
    default: true
    }
  }
}

/// A contestant made ready for one program.
struct Entrant {
  let contestant: Contestant
  /// The way to start, or why there is none.
  var launch: Result<Launch, Failure>
  /// Directories of its own beside the program's roots, on the same storage.
  var roots: [String] = []
  /// Images mounted over the program's roots: image, then directory.
  var images: [(image: String, directory: String)] = []
  /// The directory of importahead's profile that each start finds as it was recorded.
  var profile: String?
  /// Directories of its own on the local disk, whatever the storage; not in memory at a cold start.
  var local: [String] = []
}
