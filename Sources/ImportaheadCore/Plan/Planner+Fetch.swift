/// From modules that are located to bytes in the cache, and from bytes to imports.
extension Planner {
  /// Scans the one of the modules that have arrived that evaluation needs first: what it imports should
  /// be on its way before another is scanned.
  func scanArrival() {
    while let module = arrivals.pop(in: order) {
      if scanArrived(module) { return }
    }
  }

  private func scanArrived(_ module: PlannedModule) -> Bool {
    guard let bytes = module.arrived else { return false }
    module.arrived = nil
    scan(bytes, of: module)
    return true
  }

  private func scan(_ bytes: FileBytes, of module: PlannedModule) {
    let (facts, asMain) = (settings.facts, module.isMain)
    if module.hasSourceArrived {
      settle(module, with: SourceScanner.scan(bytes.bytes, facts: facts, asMain: asMain))
    } else if let scan = BytecodeScanner.scan(bytes.bytes, facts: facts, asMain: asMain) {
      settle(module, with: scan)
    } else {
      fallBackToSource(module)
    }
  }

  /// Sets a located module on its way.
  func submit(_ module: PlannedModule) {
    if isLoadedBeforeFork(module) { return settle(module, with: nil) }
    module.stage = .submitted
    switch module.location {
    case .source(let path, let package)?:
      if let package { warmLibraries(of: module, at: package) }
      roles.set(path, .source(module))
      start(FileFetch(statusOf: path, isLocal: module.isLocal))
      guard !settings.cacheSuffix.isEmpty else { return fetchSource(of: module) }
      fetch(bytecode: bytecodePath(of: path), of: module)
    case .bytecode(let path, _)?:
      fetch(bytecode: path, of: module)
    case .native(let path, _)?:
      try? fetcher.warm(path, allowance(for: pages[path]))
      settle(module, with: nil)
    case .namespace?, nil:
      settle(module, with: nil)
    }
  }

  /// Warms the libraries that came with a package, before an extension module is known that needs them.
  ///
  /// A wheel for many Linuxes has copies of them in a directory beside the package, which auditwheel(1)
  /// names after the distribution: mostly that is the package's name too.
  private func warmLibraries(of module: PlannedModule, at package: [UInt8]) {
    let suffix = Array(".libs".utf8)
    // A profile knows the libraries that are needed, and what of them.
    guard module.parent == nil, module.rank == 0, pages.count == 0,
      case .ready(let listing)? = directories[PathBytes.split(package).directory],
      listing.kind(of: module.name, suffix) == .directory
    else { return }
    try? fetcher.warm(libraries: package + suffix)
  }

  private func fetch(bytecode path: [UInt8], of module: PlannedModule) {
    roles.set(path, .bytecode(module))
    _ = cache.begin(file: path)
    if compare(bytecode: path, of: module) { return }
    read(path, limit: settings.limits.bytecodeSize, isLocal: module.isLocal)
  }

  private func fetchSource(of module: PlannedModule) {
    guard case .source(let path, _)? = module.location, !module.hasFetchedSource else { return }
    module.hasFetchedSource = true
    _ = cache.begin(file: path)
    read(path, limit: settings.limits.sourceSize, isLocal: module.isLocal)
  }

  /// Starts the reading of a file.
  func read(_ path: [UInt8], limit: Int, isLocal: Bool) {
    start(FileFetch(contentsOf: path, limit: limit, isLocal: isLocal, from: allocator))
  }

  func start(_ fetch: FileFetch) {
    started &+= 1
    fetch.passage = cache.passage(ofFile: fetch.path)
    do throws(Errno) {
      try fetcher.start(fetch)
      publish(fetch)
    } catch {
      cache.finish(file: fetch.path, .failed(error))
    }
  }

  /// Lets loaders have what is known of a file, once.
  private func publish(_ fetch: FileFetch) {
    guard !fetch.isPublished, let outcome = fetch.outcome else { return }
    fetch.isPublished = true
    if case .status = outcome { return }
    cache.finish(file: fetch.path, outcome)
  }

  /// Takes what became of a file.
  ///
  /// Loaders can have it before it is scanned. One who waits for it already has to wait a little
  /// longer: else he would ask for what it imports before that is on its way. Not for a large file: the
  /// loader takes longer to unmarshal it than the scan, which may cost as much as its size allows.
  func take(_ fetch: FileFetch) {
    if let outcome = fetch.outcome, takeCompared(outcome, at: fetch.path) { return }
    deliver(fetch.outcome, of: fetch.path) { publish(fetch) }
  }

  /// Lets loaders have a file by calling `publish`, and learns from it.
  func deliver(_ outcome: FileFetch.Outcome?, of path: [UInt8], _ publish: () -> Void) {
    guard case .bytecode(let module)? = roles[path], isScanShort(of: outcome),
      cache.isAwaited(file: path)
    else {
      publish()
      return learn(outcome, of: path)
    }
    learn(outcome, of: path)
    if scanArrived(module) { pump() }
    publish()
  }

  /// Whether a scan of what has arrived is sure to take less than a read that somebody has to wait for.
  private func isScanShort(of outcome: FileFetch.Outcome?) -> Bool {
    guard case .contents(let bytes, _, _)? = outcome else { return true }
    return ScanBudget(bytes: bytes.count).limit <= Self.mostAwaitedSteps
  }

  /// The steps of a scan that somebody may wait for, whatever the file holds: those of 64 KiB, or some
  /// milliseconds.
  private static let mostAwaitedSteps = ScanBudget(bytes: 64 << 10).limit

  private func learn(_ outcome: FileFetch.Outcome?, of path: [UInt8]) {
    guard let outcome else { return }
    switch (roles[path], outcome) {
    case (.script?, .contents(let bytes, _, _)):
      plan(SourceScanner.scan(bytes.bytes, facts: settings.facts, asMain: true), importedBy: nil)
    case (.bytecode(let module)?, .contents(let bytes, let status, _)):
      takeBytecode(bytes, status, of: module)
    case (.source(let module)?, .failed) where module.isRecalled && module.sourceStatus == nil:
      forget(recalled: module)
    case (.bytecode(let module)?, .failed):
      fallBackToSource(module)
    case (.source(let module)?, .status(let status)):
      module.sourceStatus = status
      checkFreshness(of: module)
    case (.source(let module)?, .contents(let bytes, _, _)):
      progress.sourcesFetched &+= 1
      module.hasSourceArrived = true
      arrive(bytes, of: module)
    case (.source(let module)?, .failed):
      settle(module, with: nil)
    default:
      break
    }
  }

  private func takeBytecode(_ bytes: FileBytes, _ status: FileStatus, of module: PlannedModule) {
    progress.bytecodeFetched &+= 1
    guard let header = BytecodeHeader(bytes.bytes), header.magic == settings.magic else {
      return fallBackToSource(module)
    }
    module.bytecodeHeader = header
    if isUnchanged(module, status) {
      settle(module, with: nil)
    } else {
      arrive(bytes, of: module)
    }
    checkFreshness(of: module)
  }

  private func arrive(_ bytes: FileBytes, of module: PlannedModule) {
    module.arrived = bytes
    arrivals.push(module, in: order)
  }

  /// Fetches the source of a module whose bytecode cannot be used; without one, nothing is learnt.
  private func fallBackToSource(_ module: PlannedModule) {
    fetchSource(of: module)
    guard case .bytecode? = module.location else { return }
    if module.isRecalled { forget(recalled: module) } else { settle(module, with: nil) }
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
}
