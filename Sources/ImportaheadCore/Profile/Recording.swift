/// What loaders and finders asked for, in the order of need; guarded by the cache's lock.
struct Recording {
  /// Something that was asked for, perhaps more than once.
  enum Need {
    case file([UInt8])
    case directory([UInt8])
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
  /// The profile after a run that needed `needs`, where the one before was `previous`.
  ///
  /// At the run's end what it did not need ages; before that it stays as it was.
  init(_ needs: [Recording.Need], after previous: Profile, atEnd: Bool, in scope: ProfileScope) {
    isComplete = atEnd
    var seen = ByteTable<Bool>()
    var counts = (files: 0, directories: 0)
    func take(_ entry: ProfileEntry) -> Bool {
      guard seen[entry.path] == nil else { return false }
      if entry.kind == .directory { counts.directories &+= 1 } else { counts.files &+= 1 }
      guard counts.files <= Self.mostEntries, counts.directories <= Self.mostEntries else {
        return false
      }
      seen.set(entry.path, true)
      return true
    }
    for need in needs {
      let entry: ProfileEntry?
      switch need {
      case .file(let path): entry = scope.entry(file: path)
      case .directory(let path): entry = scope.entry(directory: path)
      }
      if let entry, take(entry) { entries.append(entry) }
    }
    for var entry in previous.entries {
      if atEnd { entry.age &+= 1 }
      if entry.age <= ProfileEntry.mostAge, take(entry) { entries.append(entry) }
    }
  }
}
