/// From what a module's code imports to modules that are wanted.
extension Planner {
  /// Plans the module `name`, its packages first, right after `node`.
  ///
  /// Returns its plan; `nil` for a name that nobody would write, as packages are planned, and later
  /// woken, one inside the other, and for one more than there may be.
  @discardableResult
  func want(
    _ name: [UInt8], after place: OrderPlace, rank: Int, tentative: Bool = false,
    asMain: Bool = false
  ) -> PlannedModule? {
    guard !name.isEmpty, name.count < 512, name.count(where: { $0 == PathBytes.dot }) <= 32 else {
      return nil
    }
    if let planned = modules[name] {
      planned.isWanted = true
      if !tentative { planned.isTentative = false }
      if asMain { planned.isMain = true }
      promote(planned, after: place, rank: Swift.min(rank, planned.rank))
      return planned
    }
    var place = place
    var parent: PlannedModule?
    if let dot = name.lastIndex(of: PathBytes.dot) {
      parent = want(Array(name[..<dot]), after: place, rank: rank)
      guard let parent else { return nil }
      if order.isBefore(place, parent.place) { place = parent.place }
    }
    guard modules.count < Self.mostModules else { return nil }
    let module = PlannedModule(
      name: name, parent: parent, place: order.insert(after: place), rank: rank,
      isKnown: isKnown(name))
    module.isTentative = tentative
    module.isMain = asMain
    modules.set(name, module)
    if !module.isKnown {
      progress.modulesPlanned &+= 1
      advance(module)
    }
    return module
  }

  /// Moves a plan forward: somebody needs the module sooner, or more certainly, than was known.
  private func promote(_ module: PlannedModule, after place: OrderPlace, rank: Int) {
    let isSooner = order.isBefore(place, module.place)
    guard rank < module.rank || isSooner else { return }
    let wasHeld = module.rank > Self.mostRank
    module.rank = rank
    guard module.stage == .named || module.stage == .located else { return }
    if isSooner { order.move(module.place, after: place) }
    if module.stage == .located { queue.promote(module, in: order) }
    if wasHeld, module.stage == .named { advance(module) }
  }

  /// Plans everything that `scan` says is imported, in order.
  func plan(_ scan: ImportScan, importedBy module: PlannedModule?) {
    var place = module?.place ?? order.start
    for index in scan.statements.indices {
      let statement = scan.statements[index]
      guard let rank = rank(of: statement, importedBy: module) else { continue }
      plan(statement, at: &place, rank: rank, importedBy: module)
    }
  }

  private func plan(
    _ statement: ImportStatement, at place: inout OrderPlace, rank: Int,
    importedBy module: PlannedModule?
  ) {
    guard let target = target(of: statement, importedBy: module),
      let wanted = want(target, after: place, rank: rank)
    else { return }
    if order.isBefore(place, wanted.place) { place = wanted.place }
    note(wanted, statement, module)
    for name in statement.names where mayBeModule(name, in: wanted) {
      let child = PathBytes.qualify(target, name)
      guard let wanted = want(child, after: place, rank: rank, tentative: true) else { continue }
      if order.isBefore(place, wanted.place) { place = wanted.place }
    }
  }

  /// Whether `from package import name` may lead to a module, as far as is known.
  private func mayBeModule(_ name: [UInt8], in package: PlannedModule) -> Bool {
    guard name != [UInt8(ascii: "*")], package.stage != .absent else { return false }
    guard let location = package.location else { return true }
    let portions = location.searchPath
    guard portions.count == 1, case .ready(let listing)? = directories[portions[0]] else {
      return location.isPackage
    }
    if listing.kind(of: name) != .absent { return true }
    return settings.suffixes.contains { listing.kind(of: name, $0) != .absent }
  }

  /// Remembers that the failure of an import makes its importer run other imports.
  private func note(
    _ wanted: PlannedModule, _ statement: ImportStatement, _ importer: PlannedModule?
  ) {
    guard statement.attempt != 0, let importer else { return }
    if wanted.stage == .absent {
      planFallbacks(of: statement.attempt, importedBy: importer)
    } else if wanted.location == nil {
      wanted.attempts.append((importer, statement.attempt))
    }
  }

  /// Plans the imports that run because an import of the `try` body `attempt` failed.
  ///
  /// Those may fail in turn, without an end in sight: one after the other, not one inside the other.
  func planFallbacks(of attempt: Int, importedBy module: PlannedModule) {
    failures.append((module, attempt))
    guard failures.count == 1 else { return }
    var next = 0
    while next < failures.count {
      let (module, attempt) = failures[next]
      next &+= 1
      var place = module.place
      for statement in module.takeFallbacks(of: attempt) {
        plan(statement, at: &place, rank: module.rank, importedBy: module)
      }
    }
    failures = []
  }

  /// How far from certain the statement's modules are; `nil` for those that will not be needed.
  private func rank(of statement: ImportStatement, importedBy module: PlannedModule?) -> Int? {
    let base = module?.rank ?? 0
    switch statement.kind {
    case .eager: return base
    case .conditional: return base &+ 1
    case .never, .fallback, .lazy: return nil
    }
  }

  /// The absolute name after `import` or `from`.
  private func target(
    of statement: ImportStatement, importedBy module: PlannedModule?
  ) -> [UInt8]? {
    guard statement.level > 0 else { return statement.module }
    guard let module else { return nil }
    var package = module.name
    if module.location?.isPackage != true {
      guard let above = PathBytes.ancestor(of: package, levels: 1) else { return nil }
      package = above
    }
    guard let base = PathBytes.ancestor(of: package, levels: statement.level &- 1) else {
      return nil
    }
    return PathBytes.qualify(base, statement.module)
  }
}
