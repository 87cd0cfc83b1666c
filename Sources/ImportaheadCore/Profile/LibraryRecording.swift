internal import CLinux

/// A shared object that the program has mapped, with the pages it touched.
struct UsedLibrary {
  /// The name it was opened by.
  let name: [UInt8]
  /// Where it really is, symbolic links resolved.
  let path: [UInt8]
  let pages: LibraryPages
  /// The names that were looked for in vain while it was loaded.
  var missing: [[UInt8]] = []
}

/// Looks at what the program has mapped since the session began.
struct LibraryRecording {
  /// Objects that were there before: the interpreter's own, and ours.
  let first: Int

  /// The objects loaded since, in that order; none where the kernel does not tell of pages.
  var libraries: [UsedLibrary] { Self.used(MappedObject.all) { $0.dropFirst(first) } }

  /// The objects that were there before, the interpreter itself among them.
  var interpreter: [UsedLibrary] { Self.used(MappedObject.all) { $0.prefix(first) } }

  private static func used(
    _ objects: [MappedObject], _ part: (Range<Int>) -> Range<Int>
  ) -> [UsedLibrary] {
    guard var map = try? PageMap() else { return [] }
    let program = Array("/proc/self/exe".utf8)
    let missing = LibrarySearch.missing(for: objects, of: resolved(program) ?? [])
    var found: [UsedLibrary] = []
    for index in part(objects.indices) {
      let object = objects[index]
      let name = object.path.isEmpty ? program : object.path
      guard name.first == PathBytes.slash, let path = resolved(name),
        let status = try? FileStatus(path: CPath(path)), status.isRegular
      else { continue }
      var touched = object.segments.flatMap { map.touched($0) }
      if !touched.isEmpty, let last = object.lastPage { touched.append(last) }
      guard
        let pages = LibraryPages(
          size: Int(clamping: status.size), modified: status.modified, touched: touched)
      else { continue }
      found.append(UsedLibrary(name: name, path: path, pages: pages, missing: missing[index]))
    }
    return found
  }

  /// Resolves symbolic links; `nil` for a file that has gone.
  private static func resolved(_ path: [UInt8]) -> [UInt8]? {
    guard let found = unsafe CPath(path).withPointer({ unsafe realpath($0, nil) }) else {
      return nil
    }
    defer { unsafe free(found) }
    let count = unsafe strlen(found)
    return unsafe UnsafeRawBufferPointer(start: found, count: count).map { $0 }
  }
}

extension Profile {
  /// Puts what is known of shared objects with the entries: an extension module's pages into its own
  /// entry, and behind it the libraries that were mapped next.
  mutating func add(_ libraries: [UsedLibrary], in scope: ProfileScope) {
    var known = ByteTable<Int>()
    for index in entries.indices where entries[index].kind == .native {
      known.set(entries[index].path, index)
    }
    // What follows each entry, by its index plus one; at 0 what comes before any extension module.
    var behind = [[ProfileEntry]](repeating: [], count: entries.count &+ 1)
    var seen = ByteTable<Bool>()
    var (place, ranges, names) = (0, 0, 0)
    for library in libraries {
      let index = known[library.name]
      let entry = ProfileEntry(
        kind: index == nil ? .library : .native, path: index == nil ? library.path : library.name,
        pages: library.pages)
      ranges &+= library.pages.ranges.count
      guard seen[entry.path] == nil, scope.allows(entry), seen.count < Self.mostLibraries,
        ranges <= Self.mostRanges
      else { continue }
      seen.set(entry.path, true)
      if let index {
        entries[index].pages = library.pages
        place = index &+ 1
      } else {
        behind[place].append(entry)
      }
      for name in library.missing {
        let entry = ProfileEntry(kind: .name, path: name)
        guard scope.allows(entry), names < Self.mostNames else { continue }
        names &+= 1
        behind[place].append(entry)
      }
    }
    var result = behind[0]
    for index in entries.indices {
      result.append(entries[index])
      result += behind[index &+ 1]
    }
    entries = result
  }

  /// Notes what `libraries` have come to since as touched by the end of the program alone; whether that
  /// differs enough to be kept.
  mutating func setEnd(from libraries: [UsedLibrary]) -> Bool {
    var found = ByteTable<LibraryPages>()
    for library in libraries {
      found.set(library.path, library.pages)
      found.set(library.name, library.pages)
    }
    let before = endBytes
    for index in entries.indices {
      guard let later = found[entries[index].path] else { continue }
      entries[index].pages?.setEnd(from: later)
    }
    boundEnd()
    return abs(endBytes &- before) >= Self.leastEnd
  }

  /// Drops what the end touches of those objects whose ranges would be too many with the others'.
  mutating func boundEnd() {
    var left = Self.mostRanges &- entries.reduce(0) { $0 &+ ($1.pages?.ranges.count ?? 0) }
    for index in entries.indices {
      guard let count = entries[index].pages?.atEnd.count, count > 0 else { continue }
      if count <= left { left &-= count } else { entries[index].pages?.atEnd = [] }
    }
  }

  private var endBytes: Int {
    entries.reduce(0) { $0 &+ LibraryPages.bytes(of: $1.pages?.atEnd ?? []) }
  }

  /// Bytes that are worth another writing of the file.
  private static let leastEnd = 1 << 20

  /// The entries without what is known of shared objects: those that a run's needs decide.
  var needed: [ProfileEntry] {
    var found: [ProfileEntry] = []
    for var entry in entries where entry.kind != .library && entry.kind != .name {
      entry.pages = nil
      found.append(entry)
    }
    return found
  }
}
