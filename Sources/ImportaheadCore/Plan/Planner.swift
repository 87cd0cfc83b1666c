/// Turns a program's first imports into files on their way, until nothing new appears.
///
/// Scan -> resolve -> fetch -> cache, and what arrives is scanned again. Owned by the session's
/// thread; it shares nothing with other threads but the cache.
final class Planner {
  let settings: SessionSettings
  let cache: FetchCache
  /// The fetcher of the session's present thread.
  var fetcher: Fetcher
  var modules = ByteTable<PlannedModule>()
  var directories = ByteTable<DirectorySlot>()
  var order = ImportOrder()
  var queue = PlanQueue()
  private var known = ByteTable<Bool>()
  private var roles = ByteTable<Role>()
  private var started = 0
  /// What has been counted since the cache was told last.
  var progress = Progress()
  private let allocator = FileBytesAllocator()

  /// What the planner knows of a directory.
  enum DirectorySlot {
    case pending([PlannedModule])
    case ready(DirectoryListing)
    case failed
  }

  /// What a file is to the module it belongs to.
  private enum Role {
    case script
    case bytecode(PlannedModule)
    case source(PlannedModule)
  }

  /// Modules further than this from certain are not fetched before the program asks for them:
  /// one for each unknown condition on the way.
  static let mostRank = 8

  init(_ settings: SessionSettings, _ cache: FetchCache, _ fetcher: Fetcher) {
    self.settings = settings
    self.cache = cache
    self.fetcher = fetcher
    for name in settings.knownModules { known.set(name, true) }
  }

  /// Whether the interpreter had the module before the session began.
  func isKnown(_ name: [UInt8]) -> Bool { known[name] != nil }

  /// Whether there is nothing left to wait for.
  var isDone: Bool {
    (queue.isEmpty || started >= settings.limits.files) && fetcher.inFlight == 0
  }

  /// Whether modules wait for memory alone.
  var isStarved: Bool { !queue.isEmpty && fetcher.inFlight == 0 }

  /// Plans what the program starts from.
  func begin() {
    for entry in settings.pathEntries { _ = directory(entry, for: nil) }
    switch settings.root {
    case .script(let path):
      roles.set(path, .script)
      read(path, limit: settings.limits.sourceSize, isLocal: false)
    case .command(let text):
      plan(scan(source: text), importedBy: nil)
    case .module(let name):
      let module = want(name, after: order.start, rank: 0)
      module?.isMain = true
    }
  }

  /// Starts as much as may be in flight, what evaluation needs first in front.
  func pump() {
    if progress != Progress() {
      cache.add(progress)
      progress = Progress()
    }
    guard cache.bytesUnused < settings.limits.bytesUnused else { return }
    while fetcher.room > 1, started < settings.limits.files, let module = queue.pop(in: order) {
      if module.stage == .located { submit(module) }
    }
  }

  /// Takes what has arrived.
  func take(_ events: [FetchEvent]) {
    for event in events {
      switch event {
      case .file(let fetch): take(fetch)
      case .listed(let path, let listing):
        cache.finish(listing: path, listing, nil)
        settle(directory: path, .ready(listing))
      case .notListed(let path, let reason):
        cache.finish(listing: path, nil, reason)
        settle(directory: path, .failed)
      case .closed: break
      case .warmed(_, let bytes):
        progress.bytesWarmed &+= bytes
      }
    }
  }

  /// Learns what the program asked for before it was submitted: what that imports comes next.
  func take(demands: [[UInt8]]) {
    for name in demands where !isKnown(name) {
      guard let module = want(name, after: order.start, rank: 0) else { continue }
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

  // MARK: Fetching

  private func submit(_ module: PlannedModule) {
    module.stage = .submitted
    switch module.location {
    case .source(let path, _)?:
      roles.set(path, .source(module))
      start(FileFetch(statusOf: path, isLocal: module.isLocal))
      guard !settings.cacheSuffix.isEmpty else { return fetchSource(of: module) }
      let file = PathBytes.bytecodePath(
        of: path, suffix: settings.cacheSuffix, prefix: settings.cachePrefix)
      fetch(bytecode: file, of: module)
    case .bytecode(let path, _)?:
      fetch(bytecode: path, of: module)
    case .native(let path, _)?:
      try? fetcher.warm(path)
      settle(module, with: nil)
    case .namespace?, nil:
      settle(module, with: nil)
    }
  }

  private func fetch(bytecode path: [UInt8], of module: PlannedModule) {
    roles.set(path, .bytecode(module))
    _ = cache.begin(file: path)
    read(path, limit: settings.limits.bytecodeSize, isLocal: module.isLocal)
  }

  private func fetchSource(of module: PlannedModule) {
    guard case .source(let path, _)? = module.location, !module.hasFetchedSource else { return }
    module.hasFetchedSource = true
    _ = cache.begin(file: path)
    read(path, limit: settings.limits.sourceSize, isLocal: module.isLocal)
  }

  private func read(_ path: [UInt8], limit: Int, isLocal: Bool) {
    start(FileFetch(contentsOf: path, limit: limit, isLocal: isLocal, from: allocator))
  }

  private func start(_ fetch: FileFetch) {
    started &+= 1
    do throws(Errno) {
      try fetcher.start(fetch)
    } catch {
      cache.finish(file: fetch.path, .failed(error))
    }
  }

  private func take(_ fetch: FileFetch) {
    guard let outcome = fetch.outcome else { return }
    if case .status = outcome {} else { cache.finish(file: fetch.path, outcome) }
    switch (roles[fetch.path], outcome) {
    case (.script?, .contents(let bytes, _, _)):
      plan(SourceScanner.scan(bytes.bytes, facts: settings.facts, asMain: true), importedBy: nil)
    case (.bytecode(let module)?, .contents(let bytes, _, _)):
      takeBytecode(bytes, of: module)
    case (.bytecode(let module)?, .failed):
      module.isWithoutBytecode = true
      fetchSource(of: module)
      if case .bytecode? = module.location { settle(module, with: nil) }
    case (.source(let module)?, .status(let status)):
      module.sourceStatus = status
      checkFreshness(of: module)
    case (.source(let module)?, .contents(let bytes, _, _)):
      progress.sourcesFetched &+= 1
      let asMain = module.isMain
      settle(
        module, with: SourceScanner.scan(bytes.bytes, facts: settings.facts, asMain: asMain))
    case (.source(let module)?, .failed):
      settle(module, with: nil)
    default:
      break
    }
  }

  private func takeBytecode(_ bytes: FileBytes, of module: PlannedModule) {
    progress.bytecodeFetched &+= 1
    guard let header = BytecodeHeader(bytes.bytes), header.magic == settings.magic,
      let scan = BytecodeScanner.scan(bytes.bytes, facts: settings.facts, asMain: module.isMain)
    else {
      module.isWithoutBytecode = true
      fetchSource(of: module)
      if case .bytecode? = module.location { settle(module, with: nil) }
      return
    }
    module.bytecodeHeader = header
    settle(module, with: scan)
    checkFreshness(of: module)
  }

  /// Fetches the source too where importlib will find the bytecode stale or must hash the source.
  private func checkFreshness(of module: PlannedModule) {
    guard let header = module.bytecodeHeader, let status = module.sourceStatus else { return }
    if header.isHashBased {
      let isChecked = settings.hashCheck == .always || header.mustCheckSource
      if settings.hashCheck != .never, isChecked { fetchSource(of: module) }
    } else if header.sourceTime != UInt32(truncatingIfNeeded: status.modifiedSeconds)
      || header.sourceSize != UInt32(truncatingIfNeeded: status.size)
    {
      fetchSource(of: module)
    }
  }

  /// Scans source text that is in memory already.
  private func scan(source text: [UInt8]) -> ImportScan {
    SourceScanner.scan(unsafe text.span.bytes, facts: settings.facts, asMain: true)
  }
}
