/// Turns a program's first imports into files on their way, until nothing new appears.
///
/// Scan -> resolve -> fetch -> cache, and what arrives is scanned again. Owned by the session's
/// thread; it shares nothing with other threads but the cache.
final class Planner {
  let settings: SessionSettings
  /// Where modules are looked for: the path entries, and those that the program has added.
  var entries: [[UInt8]]
  let cache: FetchCache
  /// The fetcher of the session's present thread.
  var fetcher: Fetcher
  var modules = ByteTable<PlannedModule>()
  var directories = ByteTable<DirectorySlot>()
  var order = ImportOrder()
  var queue = PlanQueue()
  /// Modules whose bytes are there and have not been scanned.
  var arrivals = PlanQueue()
  var roles = ByteTable<Role>()
  /// `try` bodies that have failed, from the first whose fallbacks are being planned.
  var failures: [(PlannedModule, Int)] = []
  /// Files started so far.
  var started = 0
  /// What the profile names and has not been started yet.
  var recalled: [ProfileEntry] = []
  /// What it names of which the end of the program touches more.
  var endings: [ProfileEntry] = []
  var nextRecalled = 0
  /// Where the module recalled last stands.
  var recallPlace: OrderPlace
  var scope: ProfileScope?
  /// The pages of extension modules that the profile knows.
  var pages = ByteTable<LibraryPages>()
  /// How many more bytes of libraries the profile may have warmed.
  var pagesLeft = 0
  var profileTime = 0
  var isProfileComplete = false
  /// Bytecode and listings in one file, if the user has named one.
  var bundle: Bundle?
  /// Places in the bundle of the files and directories that are being compared with it.
  var compared = ByteTable<Int?>()
  /// Whether the order of need is the bundle's.
  var isRecallingBundle = false
  /// Set while the program is to be left alone: nothing is started then.
  var isResting = false
  /// Path entries, and whether their file systems ask no server.
  var localEntries = ByteTable<Bool>()
  /// Tells what is opened besides modules, where the profile does not know.
  var watch: FileWatch?
  /// How the memory beside the program becomes less, and what that allowed when it was looked at last.
  private(set) var gauge: MemoryGauge
  private(set) var memory = MemoryGauge.Reading.ample
  private var nextLook = Instant.now
  /// Bytes read ahead so far, of files and of the page cache.
  private var bytesRead = 0
  private var known = ByteTable<Bool>()
  /// What has been counted since the cache was told last.
  var progress = Progress()
  let allocator = FileBytesAllocator()

  /// What the planner knows of a directory.
  enum DirectorySlot {
    case pending([PlannedModule])
    case ready(DirectoryListing)
    case failed
  }

  /// What a file is to the module it belongs to.
  enum Role {
    case script
    case bytecode(PlannedModule)
    case source(PlannedModule)
    /// Not what the profile said.
    case dropped
  }

  /// Modules further than this from certain are not fetched before the program asks for them:
  /// one for each unknown condition on the way.
  static let mostRank = 8
  /// Names that are planned at all: more than three for each file that may be read.
  static let mostModules = 1 << 16

  /// How often the memory that is left is looked at, in milliseconds.
  private static let lookInterval = 4

  init(
    _ settings: SessionSettings, _ cache: FetchCache, _ fetcher: Fetcher,
    _ gauge: MemoryGauge = MemoryGauge([])
  ) {
    self.settings = settings
    entries = settings.pathEntries
    self.cache = cache
    self.fetcher = fetcher
    self.gauge = gauge
    recallPlace = order.start
    for name in settings.knownModules { known.set(name, true) }
  }

  /// Whether the interpreter had the module before the session began.
  func isKnown(_ name: [UInt8]) -> Bool { known[name] != nil }

  /// Whether there is nothing left to wait for.
  var isDone: Bool {
    guard fetcher.inFlight == 0 else { return false }
    return isResting || (isExhausted || started >= settings.limits.files) && arrivals.isEmpty
  }

  /// Whether neither plan nor profile has more to start.
  private var isExhausted: Bool { queue.isEmpty && recalled.isEmpty }

  /// Whether a module that has arrived is to be scanned now.
  var hasToScan: Bool { !isResting && !arrivals.isEmpty }

  /// Whether modules wait for memory alone.
  var isStarved: Bool { !isExhausted && arrivals.isEmpty && fetcher.inFlight == 0 }

  /// Plans what the program starts from.
  func begin() {
    for entry in settings.pathEntries { _ = directory(entry, for: nil) }
    switch settings.root {
    case .script(let path):
      roles.set(path, .script)
      read(path, limit: settings.limits.sourceSize, isLocal: fetcher.isLocal(path))
    case .command(let text):
      plan(
        SourceScanner.scan(unsafe text.span.bytes, facts: settings.facts, asMain: true),
        importedBy: nil)
    case .module(let name):
      want(name, after: order.start, rank: 0, asMain: true)
    }
  }

  /// Starts as much as may be in flight, what evaluation needs first in front.
  func pump() {
    if progress != Progress() {
      cache.add(progress)
      progress = Progress()
    }
    lookAtMemory()
    guard !isResting, memory != .short, cache.bytesUnused < settings.limits.bytesUnused else {
      return
    }
    while fetcher.room > 1, started < settings.limits.files {
      if recallNext() { continue }
      guard let module = queue.pop(in: order) else { return }
      if module.stage == .located { submit(module) }
    }
  }

  private func lookAtMemory() {
    guard gauge.isNeeded, memory != .short, Instant.now >= nextLook else { return }
    memory = gauge.reading(after: bytesRead)
    if memory != .ample { fetcher.endBulk() }
    nextLook = Instant.now.adding(milliseconds: Self.lookInterval)
  }

  /// Takes what has arrived: it can be asked for at once, and is scanned in its turn.
  func take(_ events: [FetchEvent]) {
    for event in events {
      switch event {
      case .file(let fetch):
        if case .contents(let bytes, _, _)? = fetch.outcome { bytesRead &+= bytes.count }
        take(fetch)
      case .listed(let path, let listing): take(listing, of: path)
      case .notListed(let path, let reason): take(failure: reason, toList: path)
      case .closed: break
      case .warmed(let bytes, let isStale):
        progress.bytesWarmed &+= bytes
        bytesRead &+= bytes
        if isStale { progress.pagesStale &+= 1 }
      case .piece(let number, let parts):
        take(piece: number, parts)
      }
    }
  }

  /// Learns what the program asked for before it was submitted: what that imports comes next.
  func take(demands: [FetchCache.Demand]) {
    for demand in demands where !isKnown(demand.module) {
      let name = demand.module
      noteEntry(of: demand)
      let isUnforeseen = modules[name] == nil && recalled.isEmpty
      guard let module = want(name, after: order.start, rank: 0) else { continue }
      if isMisplaced(module) { forget(recalled: module) }
      if isUnforeseen { module.isUnforeseen = true }
      if isUnforeseen, module.location != nil { planNeighbours(of: module) }
      switch module.stage {
      case .named: advance(module)
      case .located: submit(module)
      case .absent:
        // importlib found it, so that it is there now.
        module.stage = .named
        module.searchIndex = 0
        advance(module)
      case .submitted, .scanned: break
      }
    }
  }
}
