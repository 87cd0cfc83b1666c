/// From names to files, in importlib's own order.
extension Planner {
  private enum Found {
    case here(ModuleLocation)
    case waiting
    case notHere
  }

  /// Looks for a module as far as the listings that are known allow; goes on when more are.
  func advance(_ module: PlannedModule) {
    guard !module.isSettled, module.rank <= Self.mostRank || module.isKnown else { return }
    if let parent = module.parent, !isReady(parent, for: module) { return }
    let entries = module.parent?.location?.searchPath ?? entries
    while module.searchIndex < entries.count {
      let entry = entries[module.searchIndex]
      switch directory(entry, for: module) {
      case .pending: return
      case .failed: break
      case .ready(let listing):
        switch find(module, in: listing) {
        case .here(let location): return settle(module, at: location)
        case .waiting: return
        case .notHere: break
        }
      }
      module.searchIndex &+= 1
    }
    settle(module, at: module.portions.isEmpty ? nil : .namespace(module.portions))
  }

  /// Whether enough is known of the package to look for `module` in it; if not, `module` waits.
  private func isReady(_ parent: PlannedModule, for module: PlannedModule) -> Bool {
    if !parent.isSettled {
      parent.waiters.append(module)
      advance(parent)
      return false
    }
    guard parent.location != nil else {
      settle(module, at: nil)
      return false
    }
    guard module.isTentative, !parent.isKnown else { return true }
    guard parent.isScanFinal else {
      parent.waiters.append(module)
      return false
    }
    // `from package import name` takes what the package's own code calls by that name.
    if parent.binds(module.tail) {
      settle(module, at: nil)
      return false
    }
    return true
  }

  /// What is known of a directory; starts its reading at the first question, and lets `module` wait.
  func directory(_ path: [UInt8], for module: PlannedModule?) -> DirectorySlot {
    guard let index = directories.index(of: path) else {
      if let listing = cache.known(listing: path) {
        directories.set(path, .ready(listing))
        return .ready(listing)
      }
      directories.set(path, .pending(module.map { [$0] } ?? []))
      _ = cache.begin(listing: path)
      if let slot = compare(directory: path) { return slot }
      do throws(Errno) {
        let passage = cache.passage(ofListing: path)
        if let listing = try fetcher.list(path, passage) { return present(listing, of: path) }
      } catch {
        cache.finish(listing: path, nil, error)
        directories.set(path, .failed)
        return .failed
      }
      return .pending([])
    }
    guard case .pending(var waiters) = directories[at: index], let module else {
      return directories[at: index]
    }
    // Held once only, the list grows without being copied.
    directories[at: index] = .pending([])
    waiters.append(module)
    directories[at: index] = .pending(waiters)
    return .pending([])
  }

  /// Reads a directory that was compared with the bundle in vain, or whose reading was cut short.
  func listAfterAll(_ path: [UInt8]) {
    do throws(Errno) {
      if let listing = try fetcher.list(path, cache.passage(ofListing: path)) {
        take(listing, of: path)
      }
    } catch {
      take(failure: error, toList: path)
    }
  }

  /// Takes the listing of a directory that was known at the first question: nobody else waits for it.
  func present(_ listing: DirectoryListing, of path: [UInt8]) -> DirectorySlot {
    cache.finish(listing: path, listing, nil)
    watch(package: path)
    directories.set(path, .ready(listing))
    return .ready(listing)
  }

  /// Takes the listing of a directory that was asked for before.
  func take(_ listing: DirectoryListing, of path: [UInt8]) {
    cache.finish(listing: path, listing, nil)
    watch(package: path)
    settle(directory: path, .ready(listing))
  }

  /// Notes that a directory cannot be listed.
  func take(failure reason: Errno, toList path: [UInt8]) {
    cache.finish(listing: path, nil, reason)
    settle(directory: path, .failed)
  }

  /// Notes what came of reading a directory; modules that waited for it go on.
  private func settle(directory path: [UInt8], _ outcome: DirectorySlot) {
    guard let index = directories.index(of: path),
      case .pending(let waiters) = directories[at: index]
    else { return }
    directories[at: index] = outcome
    for module in waiters { advance(module) }
  }

  /// Looks in one directory: package, then the suffixes in the interpreter's order.
  private func find(_ module: PlannedModule, in listing: DirectoryListing) -> Found {
    let tail = module.tail
    let kind = listing.kind(of: tail)
    if kind == .directory || kind == .unknown {
      let path = PathBytes.join(listing.path, tail)
      switch directory(path, for: module) {
      case .pending: return .waiting
      case .ready(let inner):
        module.isLocal = inner.isLocal
        if let location = code(named: Array("__init__".utf8), in: inner, package: path) {
          return .here(location)
        }
        if !module.portions.contains(path) { module.portions.append(path) }
      case .failed: break
      }
    }
    module.isLocal = listing.isLocal
    return code(named: tail, in: listing, package: nil).map { .here($0) } ?? .notHere
  }

  private func code(
    named stem: [UInt8], in listing: DirectoryListing, package: [UInt8]?
  ) -> ModuleLocation? {
    for suffix in settings.extensionSuffixes where isFile(stem, suffix, in: listing) {
      return .native(PathBytes.join(listing.path, stem, suffix), package: package)
    }
    for suffix in settings.sourceSuffixes where isFile(stem, suffix, in: listing) {
      return .source(PathBytes.join(listing.path, stem, suffix), package: package)
    }
    for suffix in settings.bytecodeSuffixes where isFile(stem, suffix, in: listing) {
      return .bytecode(PathBytes.join(listing.path, stem, suffix), package: package)
    }
    return nil
  }

  /// A link or a file of unknown type is taken for a file: if it is none, the fetch fails.
  private func isFile(_ stem: [UInt8], _ suffix: [UInt8], in listing: DirectoryListing) -> Bool {
    switch listing.kind(of: stem, suffix) {
    case .file, .unknown: return true
    case .directory, .absent: return false
    }
  }

  /// Notes where a module is, or that it is nowhere; whoever waited for that goes on.
  func settle(_ module: PlannedModule, at location: ModuleLocation?) {
    module.location = location
    if location != nil { watchMetadata(for: module) }
    if location == nil {
      module.stage = .absent
      let attempts = module.attempts
      module.attempts = []
      if !module.isTentative {
        for (importer, attempt) in attempts { planFallbacks(of: attempt, importedBy: importer) }
      }
    } else if !module.isKnown {
      module.stage = .located
      queue.push(module, in: order)
      if module.isMain, location?.isPackage == true { planMain(of: module) }
      if module.isUnforeseen { planNeighbours(of: module) }
    }
    wakeWaiters(of: module)
  }

  /// `python -m package` runs `package.__main__`.
  private func planMain(of package: PlannedModule) {
    package.isMain = false
    let name = PathBytes.qualify(package.name, Array("__main__".utf8))
    want(name, after: package.place, rank: 0, asMain: true)
  }

  /// Notes what a module imports; `nil` when that cannot be known.
  func settle(_ module: PlannedModule, with scan: ImportScan?) {
    let isFirst = module.scan == nil
    if let scan { module.scan = scan }
    module.stage = .scanned
    if let scan { plan(scan, importedBy: module) }
    if isFirst || scan != nil { wakeWaiters(of: module) }
  }

  private func wakeWaiters(of module: PlannedModule) {
    let waiters = module.waiters
    module.waiters = []
    for waiter in waiters { advance(waiter) }
  }
}
