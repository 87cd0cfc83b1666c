internal import CLinux

/// A shared object that the program has mapped, with the pages it touched.
struct UsedLibrary {
  /// The name it was opened by.
  let name: [UInt8]
  /// Where it really is, symbolic links resolved.
  let path: [UInt8]
  let pages: LibraryPages
}

/// Looks at what the program has mapped since the session began.
struct LibraryRecording {
  /// Objects that were there before: the interpreter's own, and ours.
  let first: Int

  /// The objects loaded since, in that order; none where the kernel does not tell of pages.
  var libraries: [UsedLibrary] { Self.used(MappedObject.all.dropFirst(first)) }

  /// The objects that were there before, the interpreter itself among them.
  var interpreter: [UsedLibrary] { Self.used(MappedObject.all.prefix(first)) }

  private static func used(_ objects: ArraySlice<MappedObject>) -> [UsedLibrary] {
    guard var map = try? PageMap() else { return [] }
    var found: [UsedLibrary] = []
    for object in objects {
      // The program itself has no name.
      let name = object.path.isEmpty ? Array("/proc/self/exe".utf8) : object.path
      guard name.first == PathBytes.slash, let path = resolved(name),
        let status = try? FileStatus(path: CPath(path)), status.isRegular
      else { continue }
      var touched = object.segments.flatMap { map.touched($0) }
      if !touched.isEmpty, let last = object.lastPage { touched.append(last) }
      guard
        let pages = LibraryPages(
          size: Int(clamping: status.size), modified: status.modified, touched: touched)
      else { continue }
      found.append(UsedLibrary(name: name, path: path, pages: pages))
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
    var (place, ranges) = (0, 0)
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
    }
    var result = behind[0]
    for index in entries.indices {
      result.append(entries[index])
      result += behind[index &+ 1]
    }
    entries = result
  }

  /// The entries without what is known of shared objects: those that a run's needs decide.
  var needed: [ProfileEntry] {
    var found: [ProfileEntry] = []
    for var entry in entries where entry.kind != .library {
      entry.pages = nil
      found.append(entry)
    }
    return found
  }
}
