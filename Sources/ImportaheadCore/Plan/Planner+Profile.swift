/// From what past runs needed to files on their way, beside the plan that the scan makes.
extension Planner {
  /// Takes over what past runs needed, to be started in that order.
  func recall(_ profile: Profile, in scope: ProfileScope) {
    self.scope = scope
    recalled = profile.worthwhile
    pagesLeft = settings.limits.pageBytes
    for entry in recalled where entry.kind == .native {
      if let known = entry.pages { pages.set(entry.path, known) }
    }
    endings = recalled.filter { $0.pages?.atEnd.isEmpty == false }
    profileTime = profile.written
    isProfileComplete = profile.isComplete && recalled.count == profile.entries.count
  }

  /// Starts the next thing of the profile; `false` when there is none left.
  func recallNext() -> Bool {
    guard nextRecalled < recalled.count else {
      recalled = []
      nextRecalled = 0
      return false
    }
    let entry = recalled[nextRecalled]
    nextRecalled &+= 1
    switch entry.kind {
    case .directory: _ = directory(entry.path, for: nil)
    case .library: recall(library: entry)
    case .data: recall(data: entry.path)
    case .name: recall(name: entry.path)
    case .source, .bytecode, .native: recall(entry)
    }
    return true
  }

  private func recall(library entry: ProfileEntry) {
    guard let known = allowance(for: entry.pages) else { return }
    started &+= 1
    try? fetcher.warm(entry.path, known)
  }

  /// Starts on the pages that only the program's end will touch, when all else is done; `false` when
  /// there are none left.
  func recallEnd() -> Bool {
    defer { endings = [] }
    for entry in endings {
      guard let pages = entry.pages else { continue }
      let bytes = LibraryPages.bytes(of: pages.atEnd)
      guard bytes <= pagesLeft else { continue }
      pagesLeft &-= bytes
      try? fetcher.warmEnd(entry.path, pages)
    }
    return !endings.isEmpty
  }

  private func recall(data path: [UInt8]) {
    started &+= 1
    try? fetcher.warm(data: path)
  }

  private func recall(name path: [UInt8]) {
    started &+= 1
    try? fetcher.lookUp(path)
  }

  /// The pages, if as many bytes may still be brought into the page cache.
  func allowance(for known: LibraryPages?) -> LibraryPages? {
    guard let known, known.bytes <= pagesLeft else { return nil }
    pagesLeft &-= known.bytes
    return known
  }

  private func recall(_ entry: ProfileEntry) {
    guard let (name, package) = scope?.module(of: entry), !isKnown(name) else { return }
    let location: ModuleLocation
    switch entry.kind {
    case .source: location = .source(entry.path, package: package)
    case .bytecode: location = .bytecode(entry.path, package: package)
    case .native: location = .native(entry.path, package: package)
    case .directory, .library, .data, .name: return
    }
    let module: PlannedModule
    if let planned = modules[name] {
      guard !planned.isSettled, planned.stage == .named else { return }
      planned.isWanted = true
      module = planned
    } else {
      module = PlannedModule(
        name: name, parent: parent(of: name), place: order.insert(after: recallPlace), rank: 0,
        isKnown: false)
      modules.set(name, module)
      progress.modulesPlanned &+= 1
    }
    recallPlace = module.place
    module.isRecalled = true
    module.isLocal = isLocal(entry.path)
    settle(module, at: location)
    if module.stage == .located { submit(module) }
  }

  private func parent(of name: [UInt8]) -> PlannedModule? {
    guard let dot = name.lastIndex(of: PathBytes.dot) else { return nil }
    let package = Array(name[..<dot])
    return modules[package] ?? want(package, after: recallPlace, rank: 0)
  }

  /// Whether the path entry that `path` lies below is on a file system that asks no server.
  func isLocal(_ path: [UInt8]) -> Bool {
    var best = -1
    for index in entries.indices where path.starts(with: entries[index]) {
      if best < 0 || entries[index].count > entries[best].count { best = index }
    }
    guard best >= 0 else { return false }
    let entry = entries[best]
    if let known = localEntries[entry] { return known }
    let found = fetcher.isLocal(entry)
    localEntries.set(entry, found)
    return found
  }

  /// Whether a file that the profile names is the one that the run before had, so that the profile
  /// names everything that it imports as well.
  func isUnchanged(_ module: PlannedModule, _ status: FileStatus) -> Bool {
    guard module.isRecalled, isProfileComplete else { return false }
    return module.isSettledInBundle
      || status.changed < profileTime && status.modified < profileTime
  }

  /// Whether importlib, which asks for `module` now, has found it elsewhere than the profile says.
  func isMisplaced(_ module: PlannedModule) -> Bool {
    guard module.isRecalled else { return false }
    switch module.location {
    case .source(let path, _)?:
      return !cache.wasAsked(file: bytecodePath(of: path)) && !cache.wasAsked(file: path)
    case .bytecode(let path, _)?: return !cache.wasAsked(file: path)
    case .native?: return true
    case .namespace?, nil: return false
    }
  }

  func bytecodePath(of path: [UInt8]) -> [UInt8] {
    PathBytes.bytecodePath(
      of: path, suffix: settings.cacheSuffix, prefix: settings.cachePrefix)
  }

  /// Takes back what the profile said of a module: it is not there, or importlib found another.
  ///
  /// It is looked for if anybody asked for it.
  func forget(recalled module: PlannedModule) {
    module.isRecalled = false
    module.isSettledInBundle = false
    switch module.location {
    case .source(let path, _)?:
      roles.set(path, .dropped)
      roles.set(bytecodePath(of: path), .dropped)
    case .bytecode(let path, _)?: roles.set(path, .dropped)
    case .native?, .namespace?, nil: break
    }
    module.stage = .named
    module.location = nil
    module.searchIndex = 0
    module.portions = []
    module.bytecodeHeader = nil
    module.sourceStatus = nil
    module.hasFetchedSource = false
    module.hasSourceArrived = false
    module.arrived = nil
    module.rank = module.isWanted ? 0 : Self.mostRank &+ 1
    advance(module)
  }
}
