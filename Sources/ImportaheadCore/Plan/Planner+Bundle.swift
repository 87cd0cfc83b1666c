/// From a bundle's entries to the cache: what is as it was when it was packed need not be read.
///
/// The file system is asked for the status of each file and directory. Where that is what it was, the
/// bundle's bytes are the file's; where it is not, the file is read as if there were no bundle.
extension Planner {
  /// Reads the index of the bundle that the user has named, if any.
  func openBundle() {
    guard !settings.bundle.isEmpty else { return }
    let bundle = try? Bundle(for: settings)
    self.bundle = bundle
    cache.note {
      $0.bundleState = bundle == nil ? 1 : 2
      $0.bundleFiles = bundle?.fileCount ?? 0
    }
  }

  /// Takes over what past runs needed: from the profile, or where there is none from the bundle.
  func recall(_ profile: Profile, of learned: LearnedProfile?) {
    let scope = learned?.scope ?? ProfileScope(settings: settings)
    guard profile.entries.isEmpty, let bundle else { return recall(profile, in: scope) }
    isRecallingBundle = true
    recall(bundle.order(for: settings), in: scope)
  }

  /// Asks for the status of a bytecode file that the bundle holds; `false` where it does not.
  func compare(bytecode path: [UInt8], of module: PlannedModule) -> Bool {
    guard let bundle, let entry = module.location?.file, let place = bundle.place(ofModule: entry)
    else {
      return false
    }
    compared.set(path, place)
    for piece in bundle.piecesToRead(for: place) {
      // Unread by anybody: as if all of it were damaged.
      if (try? fetcher.read(piece, with: allocator)) == nil { take(piece: piece.number, []) }
    }
    start(FileFetch(statusOf: path, isLocal: module.isLocal))
    return true
  }

  /// Asks for the status of a directory that the bundle holds the names of, or reads it where that asks
  /// nobody; `nil` where the bundle does not hold it.
  func compare(directory path: [UInt8]) -> DirectorySlot? {
    guard let place = bundle?.place(ofDirectory: path) else { return nil }
    if let listing = try? fetcher.listCached(path) { return present(listing, of: path) }
    do throws(Errno) {
      let fetch = FileFetch(statusOf: path, isLocal: false)
      fetch.passage = cache.passage(ofListing: path)
      try fetcher.start(fetch)
      compared.set(path, place)
      return .pending([])
    } catch {
      return nil
    }
  }

  /// Takes the status of something that is compared with the bundle; `false` for everything else.
  func takeCompared(_ outcome: FileFetch.Outcome, at path: [UInt8]) -> Bool {
    guard let bundle, let place = compared[path] ?? nil else { return false }
    compared.set(path, nil)
    guard bundle.index.entries[place].kind != .directory else {
      take(outcome, ofDirectory: path, at: place, in: bundle)
      return true
    }
    guard case .status(let status) = outcome else { return false }
    guard bundle.isCurrent(place, status) else {
      progress.bundleStale &+= 1
      readAfterAll(path)
      return true
    }
    serve(Bundle.Waiting(path: path, place: place, status: status), from: bundle)
    return true
  }

  private func take(
    _ outcome: FileFetch.Outcome, ofDirectory path: [UInt8], at place: Int, in bundle: Bundle
  ) {
    if case .status(let status) = outcome, bundle.isCurrent(place, status),
      let listing = bundle.listing(at: place, status: status, isLocal: isLocal(path))
    {
      take(listing, of: path)
    } else {
      progress.bundleStale &+= 1
      listAfterAll(path)
    }
  }

  private func serve(_ file: Bundle.Waiting, from bundle: Bundle) {
    switch bundle.take(file.place) {
    case .coming:
      cache.passage(ofFile: file.path)?.enter(.elsewhere)
      bundle.wait(file)
    case .missing: readAfterAll(file.path)
    case .here(let bytes):
      progress.bundleUsed &+= 1
      if isRecallingBundle, case .bytecode(let module)? = roles[file.path] {
        module.isSettledInBundle = bundle.index.entries[file.place].isSettled
      }
      let outcome = FileFetch.Outcome.contents(bytes, file.status, isRacy: false)
      deliver(outcome, of: file.path) { cache.finish(file: file.path, outcome) }
    }
  }

  /// Takes what came of a piece of the bundle.
  func take(piece number: Int, _ parts: [FileBytes?]) {
    guard let bundle else { return }
    for file in bundle.arrive(number, parts) { serve(file, from: bundle) }
  }

  /// Reads a file that the bundle cannot answer for.
  private func readAfterAll(_ path: [UInt8]) {
    var isLocal = false
    if case .bytecode(let module)? = roles[path] { isLocal = module.isLocal }
    read(path, limit: settings.limits.bytecodeSize, isLocal: isLocal)
  }
}

extension ModuleLocation {
  /// The file that a profile would name.
  fileprivate var file: [UInt8]? {
    switch self {
    case .source(let path, _), .bytecode(let path, _), .native(let path, _): return path
    case .namespace: return nil
    }
  }
}
