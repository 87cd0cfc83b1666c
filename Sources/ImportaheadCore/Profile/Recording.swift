/// What loaders and finders asked for, in the order of need; guarded by the cache's lock.
struct Recording {
  /// Something that was asked for, perhaps more than once.
  enum Need {
    case file([UInt8])
    case directory([UInt8])
    /// A file that is no module's.
    case data([UInt8])
  }

  /// Whether anything is noted at all.
  var isOn = false
  private(set) var needs: [Need] = []
  private var unlisted = ByteTable<Bool>()

  /// Enough for a full profile, with room for what was asked for twice.
  private static let most = 4 &* Profile.mostEntries

  /// Notes a file.
  mutating func note(file path: [UInt8]) {
    if isOn, needs.count < Self.most { needs.append(.file(path)) }
  }

  /// Notes a file that was opened beside the modules.
  mutating func note(data path: [UInt8]) {
    if isOn, needs.count < Self.most { needs.append(.data(path)) }
  }

  /// Notes a directory that the session has listed.
  mutating func note(directory path: [UInt8]) {
    if isOn, needs.count < Self.most { needs.append(.directory(path)) }
  }

  /// Notes a directory that the session has not listed; it may be asked for again and again.
  mutating func note(unlisted path: [UInt8]) {
    guard isOn, needs.count < Self.most, unlisted[path] == nil else { return }
    unlisted.set(path, true)
    needs.append(.directory(path))
  }
}

extension Profile {
  /// The profile after a run that needed `needs` and mapped `libraries`, where the one before was
  /// `previous`.
  ///
  /// At the run's end what it did not need ages; before that it stays as it was, and so do files that
  /// are no modules unless `isWatched` says that they were looked at.
  init(
    _ needs: [Recording.Need], _ libraries: [UsedLibrary] = [], after previous: Profile,
    atEnd: Bool, isWatched: Bool = false, in scope: ProfileScope
  ) {
    isComplete = atEnd
    self.isWatched = isWatched
    var seen = ByteTable<Bool>()
    var counts = ProfileCounts()
    for need in needs {
      let entry: ProfileEntry?
      switch need {
      case .file(let path): entry = scope.entry(file: path)
      case .directory(let path): entry = scope.entry(directory: path)
      case .data(let path): entry = scope.entry(data: path)
      }
      guard let entry, seen[entry.path] == nil else { continue }
      // A finder looks into a package's directory for its file; whether the session was asked for
      // that depends on who was faster.
      let package = scope.module(of: entry)?.package.flatMap { scope.entry(directory: $0) }
      for entry in [package, entry] {
        guard let entry, seen[entry.path] == nil, counts.take(entry) else { continue }
        seen.set(entry.path, true)
        entries.append(entry)
      }
    }
    add(libraries, in: scope)
    keepPages(of: previous)
    boundEnd()
    counts = ProfileCounts()
    for entry in entries where counts.take(entry) { seen.set(entry.path, true) }
    for var entry in previous.entries where seen[entry.path] == nil {
      if atEnd, isWatched || entry.kind != .data { entry.age &+= 1 }
      guard entry.age <= ProfileEntry.mostAge, counts.take(entry) else { continue }
      seen.set(entry.path, true)
      entries.append(entry)
    }
  }

  /// Takes over what was known of extension modules whose pages this run could not see, and of the end
  /// of the program, which this run has not come to.
  private mutating func keepPages(of previous: Profile) {
    var known = ByteTable<LibraryPages>()
    for entry in previous.entries {
      if let pages = entry.pages { known.set(entry.path, pages) }
    }
    for index in entries.indices where entries[index].kind.hasPages {
      guard let before = known[entries[index].path] else { continue }
      if let pages = entries[index].pages {
        guard pages.size == before.size, pages.modified == before.modified else { continue }
        entries[index].pages?.atEnd = before.atEnd
      } else if entries[index].kind == .native {
        entries[index].pages = before
      }
    }
  }

  /// Whether this is worth another file than `other`.
  ///
  /// Which directories were asked for, and when, depends on who was faster: only a new one is news. Nor
  /// is it that modules changed places within a few: whoever walks a set imports in another order each
  /// time. Files that are no modules are looked at only where there is news anyway.
  func differs(from other: Profile) -> Bool {
    guard isComplete == other.isComplete, isWatched == other.isWatched else { return true }
    var places = ByteTable<Int>()
    for (place, entry) in other.entries.enumerated() { places.set(entry.path, place) }
    for entry in entries where entry.kind == .directory {
      if places[entry.path] == nil { return true }
    }
    let (ours, theirs) = (modules, other.modules)
    guard ours.count == theirs.count else { return true }
    for (place, entry) in theirs.enumerated() { places.set(entry.path, place) }
    for (place, entry) in ours.enumerated() {
      guard let before = places[entry.path], before < theirs.count, theirs[before] == entry,
        abs(place &- before) <= Self.slack
      else { return true }
    }
    return false
  }

  /// Whether a quarter as many modules have come as `other` has.
  func isMuchNewer(than other: Profile) -> Bool {
    var known = ByteTable<Bool>()
    for entry in other.modules { known.set(entry.path, true) }
    let fresh = modules.count { known[$0.path] == nil }
    return fresh &* 4 > known.count
  }

  private var modules: [ProfileEntry] { entries.filter { $0.kind.isModule } }

  /// How many places a module may stand from where it stood before.
  private static let slack = 32
}
