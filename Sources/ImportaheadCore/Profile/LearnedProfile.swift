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
  /// The thread that reads the file, once one was started.
  private var reader: Thread?
  private var place = Place.unknown
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
    case pending, underWay
    /// Nobody has taken what was read.
    case done
    case taken
  }

  /// What is known of the file system that the file lies on.
  private enum Place {
    case unknown, local
    /// It asks a server, which answered.
    case remote
    /// It asks a server that takes its time: nothing is written there.
    case slow
  }

  /// While a program runs, its profile is written each time it has become this much longer, in
  /// eighths: a server that never ends has one too.
  private static let growth = 10
  /// How long the program's end waits for what is read and written then, in milliseconds.
  private static let patience = 100
  /// The same on a file system that asks no server: there it is for a processor that it waits.
  private static let localPatience = 1000
  /// How long one thread waits for another that reads or writes the file, in milliseconds; who must not wait
  /// so long leaves that to a third.
  private static let turnPatience = 10_000
  /// The least that is worth a file before the program has ended.
  private static let leastNeeds = 64

  init(_ settings: SessionSettings) {
    self.settings = settings
    scope = ProfileScope(settings: settings)
    name = ProfileKey.fileName(for: settings, user: Confinement.user)
    mapped = LibraryRecording(first: settings.profile.isWritten ? MappedObject.count : 0)
  }

  /// Whether a profile is looked for at all.
  static func isWanted(_ settings: SessionSettings) -> Bool {
    let profile = settings.profile
    return (profile.isRead || profile.isWritten) && Confinement.isOneUser
      && profile.home.first == PathBytes.slash && !profile.below.isEmpty
  }

  /// Has a thread of its own read the file, and call `arrive` when that is done: a server that does not
  /// answer holds up nobody else.
  func read(then arrive: @escaping () -> Void) {
    let thread = try? Thread {
      _ = self.load()
      arrive()
    }
    monitor.locked { reader = thread }
  }

  /// Takes what the file names, once, when it has been read.
  func takeRead() -> Profile? {
    monitor.locked {
      guard reading == .done else { return nil }
      reading = .taken
      return present
    }
  }

  /// Whether there is still something to come.
  var isReading: Bool {
    monitor.locked { reader != nil && (reading == .pending || reading == .underWay) }
  }

  /// Waits for the end of the thread that reads for at most `milliseconds`; whether there is none.
  func endReading(milliseconds: Int) -> Bool {
    guard let thread = monitor.locked({ reader }) else { return true }
    return thread.join(milliseconds: milliseconds)
  }

  /// Reads the file and returns what it names; an empty profile where there is none to trust.
  ///
  /// A second time the profile is empty, once the first has ended: a program may end before its session
  /// has begun, or while that reads.
  func load() -> Profile {
    let isFirst = monitor.locked {
      let deadline = Instant.now.adding(milliseconds: Self.turnPatience)
      while reading == .underWay, monitor.wait(until: deadline) {}
      guard reading == .pending else { return false }
      reading = .underWay
      return true
    }
    guard isFirst else { return Profile() }
    let start = Instant.now
    let found = readFile()
    let isSlow = start.adding(milliseconds: Self.patience) < Instant.now
    // Where nothing could be opened nobody knows the place.
    if isSlow, monitor.locked({ place == .unknown }),
      KnownFileSystems().isLocal(settings.profile.home)
    {
      monitor.locked { place = .local }
    }
    monitor.locked {
      if let found {
        present = found
        wasRead = true
        knownNeeds = found.entries.count
      }
      if isSlow, place != .local { place = .slow }
      reading = .done
      monitor.notifyAll()
    }
    return found ?? Profile()
  }

  private func readFile() -> Profile? {
    guard settings.profile.isRead, let directory = try? open(mayCreate: false),
      let (bytes, modified) = try? directory.read(name, limit: Profile.mostBytes),
      var found = Profile(bytes, in: scope)
    else { return nil }
    found.written = modified
    return found
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
    Hexadecimal.append(Int(Confinement.user), to: &place)
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
      isGrowing && (reading == .done || reading == .taken) && needs.count >= Self.leastNeeds
        && needs.count > knownNeeds &* Self.growth / 8
    }
    if isWorthwhile { save(needs, atEnd: false, renewsPages: false) }
  }

  /// Writes what the program has asked for, as it ends: on a thread of its own, which is not waited for
  /// longer than the program's end may take.
  func saveAtEnd(_ needs: [Recording.Need], renewsPages: Bool) {
    guard settings.profile.isWritten, !needs.isEmpty else { return }
    bounded { self.save(needs, atEnd: true, renewsPages: renewsPages) }
  }

  /// Runs `body` on a thread of its own; leaves it alone where a server takes too long.
  private func bounded(_ body: @escaping () -> Void) {
    guard monitor.locked({ place != .slow }), let thread = try? Thread(body) else { return }
    if thread.join(milliseconds: Self.patience) { return }
    guard monitor.locked({ place == .local }) else { return }
    _ = thread.join(milliseconds: Self.localPatience &- Self.patience)
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
      let deadline = Instant.now.adding(milliseconds: Self.turnPatience)
      while atEnd, isBusy, monitor.wait(until: deadline) {}
      guard !isBusy, !isClosed, place != .slow, reading != .underWay else { return nil }
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
    let bytes = last.encoded()
    bounded { _ = self.write(bytes, to: self.name) }
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
    let directory = try PrivateDirectory(
      home: settings.profile.home, below: settings.profile.below, mayCreate: mayCreate)
    let isLocal = directory.isLocal
    monitor.locked { if place == .unknown { place = isLocal ? .local : .remote } }
    return directory
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
