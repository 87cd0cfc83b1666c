/// Brings the pages of shared objects, and of the libraries they need, into the page cache.
///
/// The bytes cannot be handed to dlopen(3): only the page cache helps there.
final class LibraryWarmer: @unchecked Sendable {
  private let monitor = Monitor()
  private var seen = ByteTable<Bool>()
  private var isStopped = false
  /// How many more bytes may be asked for.
  private var left: Int
  /// What is known of the file systems that libraries lie on.
  private let fileSystems: KnownFileSystems

  /// The most libraries that follow from one extension module.
  private static let mostLibraries = 64

  /// The most names that are looked for in all: each object may name as many libraries as directories to
  /// look for them in.
  private static let mostLookups = 8192

  /// The most objects that are open at once.
  private static let mostOpen = 16

  /// A warmer that has warmed nothing yet, and asks for `most` bytes in all.
  init(on fileSystems: KnownFileSystems = KnownFileSystems(), most: Int = FetchLimits().pageBytes) {
    self.fileSystems = fileSystems
    left = most
  }

  /// Ends the warming, on any thread: that may take a while.
  func stop() { monitor.locked { isStopped = true } }

  /// Takes `size` bytes of those that may be asked for; `false` where there are not so many.
  func spend(_ size: Int) -> Bool {
    monitor.locked {
      guard !isStopped, size <= left else { return false }
      left &-= size
      return true
    }
  }

  /// Warms the object at `path` and its DT_NEEDED closure; returns how many bytes were asked for.
  func warm(_ path: [UInt8]) -> Int { warm(all: [path]) }

  /// Warms the shared objects in the directory at `path`, and what they need; returns how many bytes were
  /// asked for.
  func warm(directory path: [UInt8]) -> Int {
    guard let listing = try? DirectoryListing.read(path, on: fileSystems) else { return 0 }
    return warm(all: listing.names.split(separator: 0).map { PathBytes.join(path, Array($0)) })
  }

  /// As ld.so(8) does, it reads the headers of all before the pages of any, and what loading reads of all
  /// before the code of any: they would have to wait behind megabytes that are not needed yet.
  private func warm(all paths: [[UInt8]]) -> Int {
    var total = 0
    var queue = paths
    var next = 0
    var lookups = Self.mostLookups
    var opened: [SharedObject] = []
    while next < queue.count, next < Self.mostLibraries, isWanted {
      let current = queue[next]
      next &+= 1
      if opened.count == Self.mostOpen { total &+= warmAll(&opened) }
      guard isNew(current), let object = try? SharedObject(path: current, on: fileSystems)
      else { continue }
      opened.append(object)
      lookUp(object.searchDirectories)
      for candidates in object.neededCandidates() {
        for candidate in candidates where lookups > 0 {
          lookups &-= 1
          guard SharedObject.exists(candidate) else { continue }
          queue.append(candidate)
          break
        }
      }
    }
    return total &+ warmAll(&opened)
  }

  /// Makes known that there are no directories for the processor at hand: mostly there are none.
  private func lookUp(_ directories: [[UInt8]]) {
    for directory in directories {
      for name in LibrarySearch.subdirectories(of: directory) where isNew(name) {
        _ = SharedObject.exists(name)
      }
    }
  }

  private func warmAll(_ objects: inout [SharedObject]) -> Int {
    defer { objects = [] }
    return SharedObject.Stage.allCases.reduce(0) { total, stage in
      objects.reduce(total) { $0 &+ $1.warm(stage) { self.spend($0) } }
    }
  }

  /// Warms just `pages` of the object at `path`; returns how many bytes were asked for, or `nil` where
  /// that file is not the one they are of.
  func warm(_ path: [UInt8], _ pages: LibraryPages) -> Int? {
    guard let object = open(path, as: pages) else { return nil }
    guard isNew(path), spend(pages.bytes) else { return 0 }
    object.readAhead(pages.ranges)
    return pages.bytes
  }

  /// Warms what the program's end will touch of the object at `path`; returns how many bytes were asked
  /// for.
  func warmEnd(_ path: [UInt8], _ pages: LibraryPages) -> Int {
    let bytes = LibraryPages.bytes(of: pages.atEnd)
    guard let object = open(path, as: pages), spend(bytes) else { return 0 }
    object.readAhead(pages.atEnd)
    return bytes
  }

  /// The object at `path` if it is the one that `pages` are of.
  private func open(_ path: [UInt8], as pages: LibraryPages) -> OpenFile? {
    // Looked at before it is opened: opening a device can do things.
    let name = CPath(path)
    guard let status = try? FileStatus(path: name), pages.isOf(status),
      let object = try? OpenFile(library: name), (try? object.status).map(pages.isOf) == true
    else { return nil }
    return object
  }

  private var isWanted: Bool { monitor.locked { !isStopped } }

  private func isNew(_ path: [UInt8]) -> Bool {
    monitor.locked {
      guard seen[path] == nil else { return false }
      seen.set(path, true)
      return true
    }
  }
}
