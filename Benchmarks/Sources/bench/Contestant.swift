import ArgumentParser

/// A way to start a program.
enum Contestant: String, CaseIterable, ExpressibleByArgument {
  case stock
  case stockWarm = "stock-warm"
  case ioUring = "io_uring"
  case threads
  case ioUringLearned = "io_uring-learned"
  case threadsLearned = "threads-learned"
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
    case .ioUringLearned: "importahead learned, io_uring"
    case .threadsLearned: "importahead learned, threads"
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
    case .ioUring, .ioUringLearned: "io_uring"
    case .threads, .threadsLearned: "threads"
    default: nil
    }
  }

  /// Whether it reads what an earlier start of the same program recorded.
  var isLearned: Bool { self == .ioUringLearned || self == .threadsLearned }

  /// Whether the comparison makes sense where everything is warm already.
  var mattersWarm: Bool {
    switch self {
    case .stockWarm, .readList, .cat, .vmtouch: false
    default: true
    }
  }
}

/// A contestant made ready for one program.
struct Entrant {
  let contestant: Contestant
  /// The way to start, or why there is none.
  let launch: Result<Launch, Failure>
  /// Directories of its own beside the program's roots, on the same storage.
  var roots: [String] = []
  /// Images mounted over the program's roots: image, then directory.
  var images: [(image: String, directory: String)] = []
  /// The directory of importahead's profile that each start finds as it was recorded.
  var profile: String?
}
