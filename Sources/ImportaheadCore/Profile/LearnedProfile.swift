internal import CLinux

/// One program's profile on disk: read when the session begins, written when the program ends.
///
/// Whatever goes wrong, there is no profile; nobody is told.
final class LearnedProfile: @unchecked Sendable {
  /// What became of it.
  enum State: Int {
    case off, none, read, written, rewritten
  }

  private let settings: SessionSettings
  let scope: ProfileScope
  private let name: [UInt8]
  private let mapped: LibraryRecording
  /// Guards what follows; not held while files are read or written.
  private let monitor = Monitor()
  private var present = Profile()
  private var reading = Reading.pending
  private var wasRead = false
  private var wasWritten = false
  private var isBusy = false
  private var isGrowing = true
  /// Whether the program's end has been noted.
  private var isClosed = false
  private var watches = false
  /// What was written when the program ended.
  private var last: Profile?
  /// How many things the program had asked for when the file was read or written last.
  private var knownNeeds = 0

  private enum Reading {
    case pending, underWay, done
  }

  /// While a program runs, its profile is written each time it has become this much longer, in
  /// eighths: a server that never ends has one too.
  private static let growth = 10
  /// How long the program's end waits for a writing that is under way, in milliseconds.
  private static let patience = 500
  /// The least that is worth a file before the program has ended.
  private static let leastNeeds = 64

  init(_ settings: SessionSettings) {
    self.settings = settings
    scope = ProfileScope(settings: settings)
    name = ProfileKey.fileName(for: settings, user: geteuid())
    mapped = LibraryRecording(first: settings.profile.isWritten ? MappedObject.count : 0)
  }

  /// Whether a profile is looked for at all.
  static func isWanted(_ settings: SessionSettings) -> Bool {
    let profile = settings.profile
    return (profile.isRead || profile.isWritten) && getuid() == geteuid() && getgid() == getegid()
      && profile.home.first == PathBytes.slash && !profile.below.isEmpty
  }

  /// Reads the file and returns what it names; an empty profile where there is none to trust.
  ///
  /// A second time the profile is empty, once the first has ended: a program may end before its session
  /// has begun, or while that reads.
  func load() -> Profile {
    let isFirst = monitor.locked {
      let deadline = Instant.now.adding(milliseconds: Self.patience)
      while reading == .underWay, monitor.wait(until: deadline) {}
      guard reading == .pending else { return false }
      reading = .underWay
      return true
    }
    guard isFirst else { return Profile() }
    defer {
      monitor.locked {
        reading = .done
        monitor.notifyAll()
      }
    }
    guard settings.profile.isRead, let directory = try? open(mayCreate: false),
      let (bytes, modified) = try? directory.read(name, limit: Profile.mostBytes),
      var found = Profile(bytes, in: scope)
    else { return Profile() }
    found.written = modified
    let profile = found
    monitor.locked {
      present = profile
      wasRead = true
      knownNeeds = profile.entries.count
    }
    return profile
  }

  /// Whether to look at what is opened besides modules: where the profile does not know.
  ///
  /// To be asked once it has been loaded.
  var wantsWatch: Bool {
    settings.profile.isWritten && monitor.locked { !present.isComplete || !present.isWatched }
  }

  /// What a watch is called: of the programs that keep profiles here, one looks at a time.
  var watchName: [UInt8] {
    var place = path
    Hexadecimal.append(Int(geteuid()), to: &place)
    return Array("importahead.watch.".utf8) + Hexadecimal.digits(of: ByteHash.of(place))
  }

  /// Whether this run looks at what is opened besides modules.
  var isWatching: Bool {
    get { monitor.locked { watches } }
    set { monitor.locked { watches = newValue } }
  }

  /// Has no more written until the program's end, which is at hand.
  func expectEnd() { monitor.locked { isGrowing = false } }

  /// Writes what the program has asked for so far if that is much more than the file knows.
  func save(growing needs: [Recording.Need]) {
    let isWorthwhile = monitor.locked {
      isGrowing && needs.count >= Self.leastNeeds && needs.count > knownNeeds &* Self.growth / 8
    }
    if isWorthwhile { save(needs, atEnd: false, renewsPages: false) }
  }

  /// Writes what the program has asked for if the file would differ.
  ///
  /// The pages of shared objects, which differ a little from run to run, are looked at only where
  /// something else is new or `renewsPages` says that they are of other files.
  func save(_ needs: [Recording.Need], atEnd: Bool, renewsPages: Bool) {
    guard settings.profile.isWritten, !needs.isEmpty else { return }
    _ = load()
    let previous: Profile? = monitor.locked {
      // The session's thread may be at it: the end of the program would cut it off.
      let deadline = Instant.now.adding(milliseconds: Self.patience)
      while atEnd, isBusy, monitor.wait(until: deadline) {}
      guard !isBusy, !isClosed else { return nil }
      isBusy = true
      isClosed = atEnd
      return present
    }
    guard let previous else { return }
    let next = self.next(needs, after: previous, atEnd: atEnd, renewsPages: renewsPages)
    let isWritten = next.map { !$0.entries.isEmpty && write($0.encoded(), to: name) } ?? false
    if atEnd { saveBoot(isNew: isWritten) }
    monitor.locked {
      isBusy = false
      monitor.notifyAll()
      if !atEnd { knownNeeds = needs.count }
      guard isWritten, let next else { return }
      wasWritten = true
      if atEnd { last = next } else { present.isComplete = next.isComplete }
    }
  }

  /// Adds the pages of shared objects that were touched since the program's end was noted, by
  /// destructors, where this run has written the profile.
  func saveEnd() {
    guard var last = monitor.locked({ last }), last.setEnd(from: mapped.libraries) else { return }
    _ = write(last.encoded(), to: name)
  }

  /// The profile to write; `nil` where the file would not differ.
  private func next(
    _ needs: [Recording.Need], after previous: Profile, atEnd: Bool, renewsPages: Bool
  ) -> Profile? {
    let isWatched = isWatching
    var known = previous
    known.entries = previous.needed
    var bare = Profile(needs, after: known, atEnd: atEnd, isWatched: isWatched, in: scope)
    // What is much the same program opens much the same files.
    bare.isWatched = isWatched || known.isWatched && !bare.isMuchNewer(than: known)
    guard renewsPages || bare.differs(from: known) else { return nil }
    var next = Profile(
      needs, mapped.libraries, after: previous, atEnd: atEnd, isWatched: isWatched, in: scope)
    next.isWatched = bare.isWatched
    return next
  }

  /// Writes what the launcher may read ahead at the next start, where there is a launcher.
  private func saveBoot(isNew: Bool) {
    guard BootKey.isValid(settings.profile.boot) else { return }
    let file = BootKey.fileName(settings.profile.boot)
    if !isNew, let directory = try? open(mayCreate: false), directory.holds(file) { return }
    let record = BootRecord(mapped.interpreter, profile: PathBytes.join(path, name), in: scope)
    _ = write(record.encoded, to: file)
  }

  private func write(_ bytes: [UInt8], to name: [UInt8]) -> Bool {
    guard bytes.count <= Profile.mostBytes, let directory = try? open(mayCreate: true) else {
      return false
    }
    let isNew = !directory.holds(name)
    guard (try? directory.replace(name, with: bytes)) != nil else { return false }
    if isNew { directory.prune(path) }
    return true
  }

  private func open(mayCreate: Bool) throws(Errno) -> PrivateDirectory {
    try PrivateDirectory(
      home: settings.profile.home, below: settings.profile.below, mayCreate: mayCreate)
  }

  private var path: [UInt8] {
    var path = settings.profile.home
    for name in settings.profile.below { path = PathBytes.join(path, name) }
    return path
  }

  /// What became of the profile so far.
  var state: State {
    monitor.locked {
      if wasRead { return wasWritten ? .rewritten : .read }
      return wasWritten ? .written : .none
    }
  }

  /// How many files the profile named when it was read, and how many of them were needed.
  func use(of needs: [Recording.Need]) -> (files: Int, used: Int) {
    let entries = monitor.locked { present.worthwhile }
    var needed = ByteTable<Bool>()
    for case .file(let path) in needs {
      if let entry = scope.entry(file: path) { needed.set(entry.path, true) }
    }
    var counts = (files: 0, used: 0)
    for entry in entries where entry.kind.isModule {
      counts.files &+= 1
      if needed[entry.path] != nil { counts.used &+= 1 }
    }
    return counts
  }
}
