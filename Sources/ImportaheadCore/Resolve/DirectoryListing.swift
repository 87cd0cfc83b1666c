/// What a directory entry is, as far as the listing tells.
enum EntryKind: UInt8 {
  case absent, file, directory, unknown
}

/// The names in one directory at one moment, and the directory's status just before.
final class DirectoryListing: @unchecked Sendable {
  let path: [UInt8]
  /// The directory's status, taken before the first name was read.
  let status: FileStatus
  /// Whether the directory lies on a file system that asks no server.
  let isLocal: Bool
  /// Whether a change during the reading could have gone unseen.
  let isRacy: Bool
  /// Whether a finder has asked for it; guarded by the cache's lock.
  var wasNeeded = false
  /// Every name followed by a NUL.
  private(set) var names: [UInt8] = []
  private var entries: [Entry] = []
  private var slots: [Int32] = []

  private struct Entry {
    let start: Int
    let length: Int
    let kind: EntryKind
  }

  init(path: [UInt8], status: FileStatus, isLocal: Bool, readAt time: Int) {
    self.path = path
    self.status = status
    self.isLocal = isLocal
    isRacy = status.isRacy(at: time)
  }

  /// How many names there are.
  var count: Int { entries.count }

  /// Adds a name; used while the directory is read.
  func append(_ name: [UInt8], _ kind: EntryKind) {
    entries.append(Entry(start: names.count, length: name.count, kind: kind))
    names.append(contentsOf: name)
    names.append(0)
  }

  /// Builds the index; called once, when every name is there.
  func seal() {
    var capacity = 16
    while capacity < entries.count &* 2 { capacity &*= 2 }
    slots = Array(repeating: -1, count: capacity)
    for (index, entry) in entries.enumerated() {
      var hash = ByteHash()
      for offset in entry.start..<(entry.start &+ entry.length) { hash.combine(names[offset]) }
      var place = Int(truncatingIfNeeded: hash.folded) & (capacity &- 1)
      while slots[place] >= 0 { place = (place &+ 1) & (capacity &- 1) }
      slots[place] = Int32(truncatingIfNeeded: index)
    }
  }

  /// What the entry named `stem` + `suffix` is.
  ///
  /// - Complexity: O(1) expected; nothing is allocated.
  func kind(of stem: [UInt8], _ suffix: [UInt8] = []) -> EntryKind {
    guard !slots.isEmpty else { return .absent }
    var hash = ByteHash()
    hash.combine(stem)
    hash.combine(suffix)
    var place = Int(truncatingIfNeeded: hash.folded) & (slots.count &- 1)
    while slots[place] >= 0 {
      let entry = entries[Int(slots[place])]
      if matches(entry, stem, suffix) { return entry.kind }
      place = (place &+ 1) & (slots.count &- 1)
    }
    return .absent
  }

  private func matches(_ entry: Entry, _ stem: [UInt8], _ suffix: [UInt8]) -> Bool {
    guard entry.length == stem.count &+ suffix.count else { return false }
    for offset in stem.indices where names[entry.start &+ offset] != stem[offset] { return false }
    let rest = entry.start &+ stem.count
    for offset in suffix.indices where names[rest &+ offset] != suffix[offset] { return false }
    return true
  }
}
