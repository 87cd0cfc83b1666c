/// One thing a past run needed.
struct ProfileEntry: Equatable, Sendable {
  /// What is at the path; the letter stands for it in the file.
  enum Kind: UInt8, Sendable {
    /// A directory whose names a finder asked for.
    case directory = 0x64
    /// A module's source; its bytecode stands where importlib keeps it.
    case source = 0x73
    /// Bytecode without its source.
    case bytecode = 0x62
    /// An extension module.
    case native = 0x6E
    /// A shared object that came with an extension module, wherever it is.
    case library = 0x6C
    /// A file that was opened in a package's directory, or among a distribution's metadata.
    case data = 0x66
    /// A name that the dynamic linker looked for in vain.
    case name = 0x6D

    /// Whether the entry says which pages of a shared object were touched.
    var hasPages: Bool { self == .native || self == .library }
    /// Whether the entry stands for a module.
    var isModule: Bool {
      switch self {
      case .source, .bytecode, .native: true
      case .directory, .library, .data, .name: false
      }
    }
  }

  let kind: Kind
  let path: [UInt8]
  /// How many runs in a row have not needed it.
  var age: UInt8 = 0
  /// Which pages of a shared object were touched, where that is known.
  var pages: LibraryPages?

  /// Runs after which an entry that nobody needs is dropped.
  static let mostAge: UInt8 = 3
}

/// Which paths an entry may name in the present process, and which modules they stand for.
///
/// A profile is never trusted: what it names is read only if it lies below a path entry of this run
/// and is named like a module's file.
struct ProfileScope {
  let settings: SessionSettings

  /// The longest path that Linux takes, its final NUL left out.
  static let longestPath = 4095

  /// Whether the entry may be fetched.
  func allows(_ entry: ProfileEntry) -> Bool {
    guard entry.path.count <= Self.longestPath else { return false }
    if entry.kind == .library { return entry.pages != nil && Self.isLibrary(entry.path) }
    if entry.kind == .name { return Self.isOrdinary(entry.path) }
    guard let start = tail(of: entry.path) else { return false }
    switch entry.kind {
    case .library, .name: return false
    case .directory: return start <= entry.path.count
    case .data:
      return start < entry.path.count
        && suffix(of: entry, from: start, in: settings.suffixes) == nil
    case .source: return suffix(of: entry, from: start, in: settings.sourceSuffixes) != nil
    case .bytecode: return suffix(of: entry, from: start, in: settings.bytecodeSuffixes) != nil
    case .native: return suffix(of: entry, from: start, in: settings.extensionSuffixes) != nil
    }
  }

  /// The module that the file of `entry` holds and the package's directory if it is one; `nil` where
  /// no import would lead there.
  func module(of entry: ProfileEntry) -> (name: [UInt8], package: [UInt8]?)? {
    let suffixes: [[UInt8]]
    switch entry.kind {
    case .directory, .library, .data, .name: return nil
    case .source: suffixes = settings.sourceSuffixes
    case .bytecode: suffixes = settings.bytecodeSuffixes
    case .native: suffixes = settings.extensionSuffixes
    }
    guard let start = tail(of: entry.path),
      let suffix = suffix(of: entry, from: start, in: suffixes)
    else { return nil }
    var name = Array(entry.path[start..<(entry.path.count &- suffix)])
    guard !name.contains(PathBytes.dot) else { return nil }
    for index in name.indices where name[index] == PathBytes.slash { name[index] = PathBytes.dot }
    let initial = Array("__init__".utf8)
    guard name.suffix(initial.count).elementsEqual(initial) else { return (name, nil) }
    let package = PathBytes.split(entry.path).directory
    let end = name.count &- initial.count &- 1
    guard end > 0, name[end] == PathBytes.dot else { return nil }
    return (Array(name[..<end]), package)
  }

  /// What a loader asked for as an entry; `nil` for a file that is no module's.
  func entry(file path: [UInt8]) -> ProfileEntry? {
    if let source = PathBytes.sourcePath(
      ofBytecode: path, suffix: settings.cacheSuffix, prefix: settings.cachePrefix)
    {
      return checked(ProfileEntry(kind: .source, path: source))
    }
    for kind in [ProfileEntry.Kind.source, .bytecode, .native] {
      if let entry = checked(ProfileEntry(kind: kind, path: path)) { return entry }
    }
    return nil
  }

  /// A directory that a finder asked for as an entry; `nil` outside the path entries.
  func entry(directory path: [UInt8]) -> ProfileEntry? {
    checked(ProfileEntry(kind: .directory, path: path))
  }

  /// A file that was opened beside the modules as an entry; `nil` for a module's own.
  func entry(data path: [UInt8]) -> ProfileEntry? {
    checked(ProfileEntry(kind: .data, path: path))
  }

  private func checked(_ entry: ProfileEntry) -> ProfileEntry? { allows(entry) ? entry : nil }

  /// Where the part of `path` behind its path entry begins; past the end for the entry itself.
  ///
  /// `nil` for paths outside and for parts that are not normalised.
  private func tail(of path: [UInt8]) -> Int? {
    guard path.first == PathBytes.slash else { return nil }
    var found = 0
    for root in settings.pathEntries where root.count >= found && root.count > 1 {
      guard path.starts(with: root) else { continue }
      if path.count == root.count || path[root.count] == PathBytes.slash {
        found = root.count &+ 1
      }
    }
    guard found > 0 else { return nil }
    guard found < path.count else { return path.count == found &- 1 ? path.count : nil }
    return Self.isNormal(path[found...]) ? found : nil
  }

  /// Whether the path is one that a program could have mapped a library from: normalised, named like
  /// one (`libm.so.6`), and not among the kernel's own.
  private static func isLibrary(_ path: [UInt8]) -> Bool {
    guard isOrdinary(path) else { return false }
    let name = PathBytes.split(path).name
    let mark = Array(".so".utf8)
    return name.count > mark.count
      && (1...(name.count &- mark.count)).contains { index in
        let end = index &+ mark.count
        return name[index..<end].elementsEqual(mark)
          && (end == name.count || name[end] == PathBytes.dot)
      }
  }

  /// Whether a path is absolute, normalised, and not among the kernel's own.
  static func isOrdinary(_ path: [UInt8]) -> Bool {
    guard path.first == PathBytes.slash, isNormal(path[1...]) else { return false }
    for root in ["/proc/", "/sys/", "/dev/"] where path.starts(with: root.utf8) { return false }
    return true
  }

  /// Whether no part is empty, `.`, `..` or holds a NUL.
  private static func isNormal(_ tail: ArraySlice<UInt8>) -> Bool {
    var length = 0
    var dots = 0
    for byte in tail {
      if byte == 0 { return false }
      if byte == PathBytes.slash {
        if length == 0 || length == dots && dots <= 2 { return false }
        (length, dots) = (0, 0)
      } else {
        length &+= 1
        if byte == PathBytes.dot { dots &+= 1 }
      }
    }
    return length > 0 && !(length == dots && dots <= 2)
  }

  /// The length of the suffix that the entry's name ends with, if something stands before it.
  private func suffix(of entry: ProfileEntry, from start: Int, in suffixes: [[UInt8]]) -> Int? {
    for suffix in suffixes where entry.path.count &- start > suffix.count {
      guard entry.path.suffix(suffix.count).elementsEqual(suffix) else { continue }
      return entry.path[entry.path.count &- suffix.count &- 1] == PathBytes.slash
        ? nil : suffix.count
    }
    return nil
  }
}
