internal import CLinux

/// Bytecode and listings that were packed into one file, on their way into the cache.
///
/// Touched by the session's thread alone. Its pieces are read when something in them is wanted, in
/// their order, one ahead.
final class Bundle {
  let index: BundleIndex
  private let places: ByteTable<Int>
  /// Where the text of each entry begins in the index.
  private var starts: [Int] = []
  private var pieces: [BundlePiece] = []
  /// The piece of each entry.
  private var numbers: [Int] = []
  private var states: [PieceState] = []
  private var bytes: [FileBytes?]
  /// Files that are as they were packed and whose bytes are on their way, for each piece.
  private var waiting: [[Waiting]] = []
  private let user = Confinement.user

  /// What is known of a piece.
  private enum PieceState {
    case unread, coming, here
  }

  /// A file that waits for its bytes.
  struct Waiting {
    let path: [UInt8]
    let place: Int
    let status: FileStatus
  }

  /// Whether an entry's bytes are in memory.
  enum Holding {
    case here(FileBytes)
    case coming
    /// Damaged, or handed over before.
    case missing
  }

  /// Reads the index of the bundle that the user has named; throws where it is not to be trusted, or is
  /// another interpreter's.
  convenience init(for settings: SessionSettings) throws(Errno) {
    guard settings.bundle.first == PathBytes.slash, Confinement.isOneUser
    else { throw Errno(code: EPERM) }
    let (file, index) = try BundleFile.open(settings.bundle)
    guard index.magic == settings.magic, index.cacheSuffix == settings.cacheSuffix,
      index.cachePrefix == settings.cachePrefix
    else { throw Errno.malformed }
    self.init(index, file)
  }

  /// Takes over an index that was read from `file`.
  init(_ index: BundleIndex, _ file: BundleFile) {
    self.index = index
    bytes = Array(repeating: nil, count: index.entries.count)
    var places = ByteTable<Int>()
    var start = 0
    var offset = Int(clamping: file.status.size) &- index.bodySize
    for (place, entry) in index.entries.enumerated() {
      if places[entry.path] == nil { places.set(entry.path, place) }
      starts.append(start)
      if !entry.isBytecode { start &+= entry.length }
      if pieces.last?.isFull ?? true {
        pieces.append(
          BundlePiece(number: pieces.count, file: file, offset: offset, first: place))
      }
      numbers.append(pieces.count &- 1)
      pieces[pieces.count &- 1].append(entry)
      if entry.isBytecode { offset &+= entry.length }
    }
    self.places = places
    states = Array(repeating: .unread, count: pieces.count)
    waiting = Array(repeating: [], count: pieces.count)
  }

  /// How many files it holds.
  var fileCount: Int { index.entries.count { $0.isBytecode && $0.length > 0 } }

  /// The place of the entry for a module at `path` if the bundle holds its bytecode.
  func place(ofModule path: [UInt8]) -> Int? {
    guard let place = places[path], index.entries[place].isBytecode else { return nil }
    return index.entries[place].length > 0 ? place : nil
  }

  /// The place of the entry for the directory at `path` if the bundle holds its names.
  func place(ofDirectory path: [UInt8]) -> Int? {
    guard let place = places[path], index.entries[place].kind == .directory else { return nil }
    return index.entries[place].length > 0 ? place : nil
  }

  /// Whether a file or directory that has `status` now is the one that was packed, and may be read.
  func isCurrent(_ place: Int, _ status: FileStatus) -> Bool {
    let entry = index.entries[place]
    let isDirectory = entry.kind == .directory
    guard isDirectory ? status.isDirectory : status.isRegular, status.isReadable(by: user) else {
      return false
    }
    return entry.status.matches(status, isCopy: index.isOfCopies && !isDirectory)
  }

  /// The listing of the directory at `place`, which has `status` now.
  func listing(at place: Int, status: FileStatus, isLocal: Bool) -> DirectoryListing? {
    let entry = index.entries[place]
    return DirectoryListing.unpacked(
      text(at: place), path: entry.path, status: status, isLocal: isLocal)
  }

  /// What the index keeps of an entry that is no bytecode.
  private func text(at place: Int) -> ArraySlice<UInt8> {
    index.texts[starts[place]..<(starts[place] &+ index.entries[place].length)]
  }

  // MARK: Pieces

  /// The pieces to be read now that the entry at `place` is wanted: its own and the next one.
  func piecesToRead(for place: Int) -> [BundlePiece] {
    let number = numbers[place]
    var wanted: [BundlePiece] = []
    for next in number...(number &+ 1) where next < pieces.count {
      guard case .unread = states[next], pieces[next].length > 0 else { continue }
      states[next] = .coming
      wanted.append(pieces[next])
    }
    return wanted
  }

  /// Takes the bytes of the entry at `place` if they are there.
  func take(_ place: Int) -> Holding {
    switch states[numbers[place]] {
    case .coming: return .coming
    case .unread: return .missing
    case .here:
      guard let found = bytes[place] else { return .missing }
      bytes[place] = nil
      return .here(found)
    }
  }

  /// Notes a file to be served when its piece arrives.
  func wait(_ file: Waiting) { waiting[numbers[file.place]].append(file) }

  /// Takes what came of a piece, and returns the files that waited for it.
  func arrive(_ number: Int, _ parts: [FileBytes?]) -> [Waiting] {
    guard number < pieces.count else { return [] }
    states[number] = .here
    for (offset, part) in parts.enumerated() { bytes[pieces[number].first &+ offset] = part }
    defer { waiting[number] = [] }
    return waiting[number]
  }

  /// Gives up what is in memory and has not been asked for.
  func release() {
    for number in states.indices {
      if case .here = states[number] { states[number] = .unread }
    }
    for place in bytes.indices { bytes[place] = nil }
  }
}

extension Bundle {
  /// What the program needs, in the order of need; empty where the bundle was made for another one.
  func order(for settings: SessionSettings) -> Profile {
    var order = Profile()
    guard index.program != 0, index.program == ProfileKey.program(for: settings) else {
      return order
    }
    let scope = ProfileScope(settings: settings)
    for (place, entry) in index.entries.enumerated() {
      var needed = ProfileEntry(kind: entry.kind, path: entry.path)
      if entry.kind.hasPages { needed.pages = LibraryPages(text(at: place)) }
      order.entries.append(needed)
    }
    order.entries.removeAll { !scope.allows($0) }
    order.isComplete = index.isComplete && order.entries.count == index.entries.count
    return order
  }
}
