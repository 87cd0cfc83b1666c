internal import CLinux

/// Where the dynamic linker looks for the libraries that an object names, besides the system's own places
/// (ld.so(8)).
enum LibrarySearch {
  /// The directories of a DT_RUNPATH or DT_RPATH, the object's own in the place of `$ORIGIN`.
  static func directories(_ text: [UInt8], ofObjectAt path: [UInt8]) -> [[UInt8]] {
    let origin = PathBytes.split(path).directory
    return text.split(separator: UInt8(ascii: ":"), maxSplits: most).prefix(most).map { part in
      for token in ["$ORIGIN", "${ORIGIN}"].map({ Array($0.utf8) }) where part.starts(with: token) {
        return origin + part.dropFirst(token.count)
      }
      return Array(part)
    }
  }

  /// The directories below `directory` that glibc tries before it: those for the processor at hand.
  ///
  /// glibc 2.37 dropped all but the first.
  static func subdirectories(of directory: [UInt8]) -> [[UInt8]] {
    var names = [Array("glibc-hwcaps".utf8), Array("tls".utf8)]
    if let platform = unsafe UnsafePointer<CChar>(bitPattern: getauxval(UInt(AT_PLATFORM))) {
      let count = unsafe strlen(platform)
      names.append(unsafe UnsafeRawBufferPointer(start: platform, count: count).map { $0 })
    }
    return names.map { PathBytes.join(directory, $0) }
  }

  /// For each of `objects`, in the order in which they were loaded, the names that were looked for in
  /// vain on its behalf, and once for each directory those for the processor at hand.
  ///
  /// `program` is the file of the object without a name. What is loaded already is looked for nowhere.
  /// Directories that objects further up named (an inherited DT_RPATH) are left out.
  static func missing(for objects: [MappedObject], of program: [UInt8]) -> [[[UInt8]]] {
    var places = ByteTable<[UInt8]>()
    for object in objects {
      places.set(PathBytes.split(object.path).name, PathBytes.normalised(object.path))
    }
    var (loaded, seen) = (ByteTable<Bool>(), ByteTable<Bool>())
    return objects.map { object in
      loaded.set(PathBytes.split(object.path).name, true)
      // The program itself has no name.
      let path = object.path.isEmpty ? program : object.path
      let directories = directories(object.searchPath, ofObjectAt: path)
      var found: [[UInt8]] = []
      func add(_ path: [UInt8]) {
        if seen[path] == nil { found.append(path) }
        seen.set(path, true)
      }
      for name in object.needed where loaded[name] == nil && !name.contains(PathBytes.slash) {
        let place = places[name]
        for directory in directories where directory.first == PathBytes.slash {
          let directory = PathBytes.normalised(directory)
          for subdirectory in subdirectories(of: directory) { add(subdirectory) }
          let path = PathBytes.join(directory, name)
          if path == place { break }
          add(path)
        }
        loaded.set(name, true)
      }
      return found
    }
  }

  /// The most directories that an object is believed to name.
  private static let most = 64
}
