/// What a planner does after an interruption: a fork, or the beginning of a child's own session.
extension Planner {
  /// Goes on with another fetcher; what was in flight with the one before is started again.
  func resume(with fetcher: Fetcher) {
    self.fetcher = fetcher
    for path in directories.keys {
      guard case .pending? = directories[path] else { continue }
      _ = cache.begin(listing: path)
      listAfterAll(path)
    }
    for name in modules.keys {
      guard let module = modules[name], module.stage == .submitted, module.arrived == nil else {
        continue
      }
      module.stage = .located
      module.hasFetchedSource = false
      queue.push(module, in: order)
    }
  }

  /// Whether the process that this one was forked from has loaded the module: nobody will ask for it here.
  func isLoadedBeforeFork(_ module: PlannedModule) -> Bool {
    switch module.location {
    case .source(let path, _)?:
      return cache.wasAskedBeforeFork(file: bytecodePath(of: path))
        || cache.wasAskedBeforeFork(file: path)
    case .bytecode(let path, _)?: return cache.wasAskedBeforeFork(file: path)
    case .native?, .namespace?, nil: return false
    }
  }

  /// The most path entries that are taken over from the program.
  private static let mostAdded = 16

  /// Looks for modules too where importlib has found one and no path entry was: programs add to `sys.path`,
  /// mostly in front.
  func noteEntry(of demand: FetchCache.Demand) {
    guard !demand.file.isEmpty, !demand.module.contains(PathBytes.dot),
      entries.count < settings.pathEntries.count &+ Self.mostAdded
    else { return }
    let source = PathBytes.sourcePath(
      ofBytecode: demand.file, suffix: settings.cacheSuffix, prefix: settings.cachePrefix)
    var (directory, name) = PathBytes.split(source ?? demand.file)
    if name.starts(with: Array("__init__.".utf8)) {
      directory = PathBytes.split(directory).directory
    }
    guard directory.first == PathBytes.slash, !entries.contains(directory) else { return }
    entries.insert(directory, at: 0)
  }
}
