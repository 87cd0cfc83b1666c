/// What programs read besides modules while they start: a package's data, distributions' metadata.
///
/// No finder or loader is asked for it. Whoever opens it is seen by a watch on the directory, the first
/// time that a program runs; the profile brings it into the page cache from then on.
extension Planner {
  /// What reads the metadata of distributions.
  private static let metadataReaders = [
    "importlib.metadata", "importlib_metadata", "pkg_resources",
  ]
  .map { Array($0.utf8) }

  private static let metadataSuffixes = [".dist-info", ".egg-info"].map { Array($0.utf8) }

  /// Begins to watch, what has been found already too.
  func begin(_ watch: FileWatch) {
    self.watch = watch
    for path in directories.keys {
      if case .ready? = directories[path] { self.watch(package: path) }
    }
    for name in Self.metadataReaders {
      if let module = modules[name], module.location != nil { watchMetadata(for: module) }
    }
  }

  /// Takes what has been opened to where the profile is made from.
  func noteOpened() {
    guard let watch else { return }
    let paths = watch.opened()
    if !paths.isEmpty { cache.note(data: paths) }
  }

  /// Ends the watch; to be called on the session's thread.
  func endWatch() {
    noteOpened()
    watch?.end()
    watch = nil
  }

  /// Watches a directory that has been read: not a path entry, which may be anybody's.
  func watch(package path: [UInt8]) {
    guard let watch, !settings.pathEntries.contains(path) else { return }
    watch.add(path)
  }

  /// Watches all metadata once it is known that some of it will be read.
  func watchMetadata(for module: PlannedModule) {
    guard let watch, Self.metadataReaders.contains(module.name) else { return }
    var paths: [[UInt8]] = []
    for entry in settings.pathEntries {
      guard case .ready(let listing)? = directories[entry] else { continue }
      for name in listing.names.split(separator: 0)
      where Self.metadataSuffixes.contains(where: { name.suffix($0.count).elementsEqual($0) }) {
        paths.append(PathBytes.join(entry, Array(name)))
      }
    }
    if !paths.isEmpty { fetcher.watch(paths, with: watch) }
  }
}
