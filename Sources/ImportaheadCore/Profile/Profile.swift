/// What past runs of one program needed, in the order of need: paths, never code.
///
/// In a file: a first line, then the entries, each a letter for its kind, a digit for its age and a
/// path that ends with a NUL, then a checksum of all of it. Behind the path of a shared object stand
/// its pages and another NUL.
struct Profile: Sendable {
  /// In the order of need; what only earlier runs needed comes last.
  var entries: [ProfileEntry] = []
  /// Whether a run has come to its end with it: then what the entries' files import besides is not
  /// needed.
  var isComplete = false
  /// Whether what that run opened besides modules was looked at.
  var isWatched = false
  /// When the file was written, in nanoseconds since the epoch.
  var written = 0

  /// The most files, and the most directories, that are kept.
  static let mostEntries = 4096
  /// The largest file that is read or written, in bytes.
  static let mostBytes = 4 << 20

  /// The most libraries, and the most ranges of pages in all.
  static let mostLibraries = 1024
  static let mostRanges = 16_384
  /// The most files that are no modules.
  static let mostData = 1024
  /// The most names that were looked for in vain.
  static let mostNames = 4096

  private static let heading = Array("importahead profile 5 ".utf8)
  private static let checksumSize = 17

  /// A profile without entries.
  init() {}

  /// Reads a file's bytes; `nil` where anything about their form is wrong.
  ///
  /// Entries that `scope` does not allow are left out; without one, none is.
  init?(_ bytes: [UInt8], in scope: ProfileScope?) {
    let end = bytes.count &- Self.checksumSize
    let start = Self.heading.count &+ 2
    guard bytes.count <= Self.mostBytes, end >= start, bytes.starts(with: Self.heading),
      bytes[start &- 1] == 0x0A, bytes[end...].elementsEqual(Self.checksum(of: bytes[..<end]))
    else { return nil }
    switch bytes[start &- 2] {
    case UInt8(ascii: "c"): (isComplete, isWatched) = (true, true)
    case UInt8(ascii: "u"): isComplete = true
    case UInt8(ascii: "p"): break
    default: return nil
    }
    guard read(bytes[start..<end], scope) else { return nil }
  }

  private mutating func read(_ records: ArraySlice<UInt8>, _ scope: ProfileScope?) -> Bool {
    var counts = ProfileCounts()
    var rest = records
    while let letter = rest.first {
      guard let end = rest.firstIndex(of: 0), end &- rest.startIndex > 2,
        let kind = ProfileEntry.Kind(rawValue: letter)
      else { return false }
      let age = rest[rest.startIndex &+ 1] &- UInt8(ascii: "0")
      guard age <= ProfileEntry.mostAge else { return false }
      let path = Array(rest[(rest.startIndex &+ 2)..<end])
      var entry = ProfileEntry(kind: kind, path: path, age: age)
      rest = rest[(end &+ 1)...]
      if kind.hasPages {
        guard let end = rest.firstIndex(of: 0) else { return false }
        let text = rest[..<end]
        rest = rest[(end &+ 1)...]
        entry.pages = LibraryPages(text)
        // Only an extension module may have none.
        guard entry.pages != nil || text.isEmpty && kind == .native else { return false }
      }
      guard counts.take(entry) else { return false }
      if scope?.allows(entry) ?? true { entries.append(entry) }
    }
    return true
  }

  /// The bytes of the file.
  func encoded() -> [UInt8] {
    var bytes = Self.heading
    let complete = isWatched ? UInt8(ascii: "c") : UInt8(ascii: "u")
    bytes.append(isComplete ? complete : UInt8(ascii: "p"))
    bytes.append(0x0A)
    for entry in entries {
      bytes.append(entry.kind.rawValue)
      bytes.append(UInt8(ascii: "0") &+ Swift.min(entry.age, ProfileEntry.mostAge))
      bytes.append(contentsOf: entry.path)
      bytes.append(0)
      guard entry.kind.hasPages else { continue }
      if let pages = entry.pages { bytes.append(contentsOf: pages.encoded) }
      bytes.append(0)
    }
    return bytes + Self.checksum(of: bytes[...])
  }

  /// What stands at the end of a file.
  static func checksum(of bytes: ArraySlice<UInt8>) -> [UInt8] {
    var hash = ByteHash()
    for byte in bytes { hash.combine(byte) }
    return Hexadecimal.digits(of: hash.value) + [0x0A]
  }

  /// The files that the last run needed, and those that only earlier runs did.
  var fileCounts: (fresh: Int, aged: Int) {
    var counts = (fresh: 0, aged: 0)
    for entry in entries where entry.kind.isModule {
      if entry.age == 0 { counts.fresh &+= 1 } else { counts.aged &+= 1 }
    }
    return counts
  }

  /// What is worth fetching: what only earlier runs needed is not, once it is the larger part.
  var worthwhile: [ProfileEntry] {
    let counts = fileCounts
    return counts.aged > counts.fresh ? entries.filter { $0.age == 0 } : entries
  }
}

/// How much a profile holds of each kind, against what it may.
struct ProfileCounts {
  private var files = 0
  private var directories = 0
  private var libraries = 0
  private var ranges = 0
  private var data = 0
  private var names = 0

  /// Counts an entry; `false`, and it does not count, for one too many.
  mutating func take(_ entry: ProfileEntry) -> Bool {
    var next = self
    switch entry.kind {
    case .directory: next.directories &+= 1
    case .library: next.libraries &+= 1
    case .data: next.data &+= 1
    case .name: next.names &+= 1
    case .source, .bytecode, .native: next.files &+= 1
    }
    if let pages = entry.pages { next.ranges &+= pages.ranges.count &+ pages.atEnd.count }
    guard next.files <= Profile.mostEntries, next.directories <= Profile.mostEntries,
      next.libraries <= Profile.mostLibraries, next.ranges <= Profile.mostRanges,
      next.data <= Profile.mostData, next.names <= Profile.mostNames
    else { return false }
    self = next
    return true
  }
}
