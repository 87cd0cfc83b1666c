/// What an interpreter reads before a session can begin, in its order: for what stands before the interpreter.
///
/// In a file: a first line, then for each thing its path and what to do with it, each followed by a
/// NUL, then a checksum. Like a profile it is a list of hints, and holds no code.
struct BootRecord: Sendable {
  /// What is done with a path.
  enum Action: Equatable, Sendable {
    /// The whole file is brought into the page cache.
    case contents
    /// Some pages of it are.
    case pages(LibraryPages)
    /// Its status is asked for.
    case status
    /// The directory is read.
    case names
  }

  /// One thing to do.
  struct Entry: Equatable, Sendable {
    let path: [UInt8]
    let action: Action
  }

  private(set) var entries: [Entry] = []

  /// The most entries; a module has two.
  static let mostEntries = 4 &* Profile.mostEntries
  private static let heading = Array("importahead boot 2\n".utf8)
  private static let checksumSize = 17

  /// A record without entries.
  init() {}

  /// Adds an entry unless nothing may be done with such a path.
  mutating func add(_ path: [UInt8], _ action: Action) {
    if Self.allows(path), entries.count < Self.mostEntries {
      entries.append(Entry(path: path, action: action))
    }
  }

  /// Reads a file's bytes; `nil` where anything about their form is wrong.
  init?(_ bytes: [UInt8]) {
    let end = bytes.count &- Self.checksumSize
    guard end >= Self.heading.count, bytes.starts(with: Self.heading),
      bytes[end...].elementsEqual(Profile.checksum(of: bytes[..<end]))
    else { return nil }
    guard let found = Self.entries(in: bytes, until: end) else { return nil }
    entries = found
  }

  private static func entries(in bytes: [UInt8], until end: Int) -> [Entry]? {
    var found: [Entry] = []
    var rest = bytes[heading.count..<end]
    while let pathEnd = rest.firstIndex(of: 0) {
      let path = Array(rest[..<pathEnd])
      rest = rest[(pathEnd &+ 1)...]
      guard let actionEnd = rest.firstIndex(of: 0), let action = action(of: rest[..<actionEnd]),
        allows(path), found.count < mostEntries
      else { return nil }
      rest = rest[(actionEnd &+ 1)...]
      found.append(Entry(path: path, action: action))
    }
    return rest.isEmpty ? found : nil
  }

  private static func action(of text: ArraySlice<UInt8>) -> Action? {
    if text.isEmpty { return .contents }
    if text.count == 1, text.first == UInt8(ascii: "s") { return .status }
    if text.count == 1, text.first == UInt8(ascii: "d") { return .names }
    return LibraryPages(text).map { .pages($0) }
  }

  /// The bytes of the file.
  var encoded: [UInt8] {
    var bytes = Self.heading
    for entry in entries {
      bytes += entry.path
      bytes.append(0)
      switch entry.action {
      case .contents: break
      case .status: bytes.append(UInt8(ascii: "s"))
      case .names: bytes.append(UInt8(ascii: "d"))
      case .pages(let pages): bytes += pages.encoded
      }
      bytes.append(0)
    }
    return bytes + Profile.checksum(of: bytes[...])
  }

  /// Whether a path may be looked at: absolute, normalised, and not among the kernel's own.
  private static func allows(_ path: [UInt8]) -> Bool {
    path.count <= ProfileScope.longestPath && ProfileScope.isOrdinary(path)
  }
}

extension BootRecord {
  /// What a start needed: the interpreter's own objects, what it looked for and what else was mapped before
  /// the session began (this library among it), then what the session reads first, the profile at `profile`
  /// and the bundle.
  init(_ mapped: [UsedLibrary], profile: [UInt8], in scope: ProfileScope) {
    let settings = scope.settings
    let isExtension = { (library: UsedLibrary) in
      settings.extensionSuffixes.contains { library.path.suffix($0.count).elementsEqual($0) }
    }
    for library in mapped where !isExtension(library) { add(library.path, .pages(library.pages)) }
    for library in mapped { for name in library.missing { add(name, .status) } }
    add(settings.profile.start, settings)
    for library in mapped where isExtension(library) { add(library.path, .pages(library.pages)) }
    add(profile, .contents)
    add(bundle: settings.bundle)
  }

  /// Adds a source by its status, and its bytecode; its contents where the interpreter keeps no bytecode.
  mutating func add(source path: [UInt8], _ settings: SessionSettings) {
    guard !settings.cacheSuffix.isEmpty else { return add(path, .contents) }
    add(path, .status)
    let file = PathBytes.bytecodePath(
      of: path, suffix: settings.cacheSuffix, prefix: settings.cachePrefix)
    add(file, .contents)
  }

  /// Adds all pages of a bundle, where there is one.
  private mutating func add(bundle path: [UInt8]) {
    guard !path.isEmpty, let status = try? FileStatus(path: CPath(path)), status.isRegular else {
      return
    }
    let size = Int(clamping: status.size)
    let all = LibraryPages.Range(start: 0, count: size / LibraryPages.unit &+ 1)
    guard let pages = LibraryPages(size: size, modified: status.modified, touched: [all]) else {
      return
    }
    add(path, .pages(pages))
  }
}
