/// Where a finder's search of one directory ends.
public struct FoundModule: Sendable {
  /// The kind of code, which decides the loader.
  enum Kind: UInt8, Sendable {
    case native, source, bytecode
  }

  /// Which loader its code needs.
  let kind: Kind
  /// Where its suffix stands among all, in importlib's order.
  public let suffixIndex: Int
  /// The file with the code.
  public let path: [UInt8]
  /// The package's directory, for a package.
  public let package: [UInt8]?
  /// The directory that was searched.
  let directory: DirectoryListing

  /// The names in that directory, each followed by a NUL.
  public var directoryNames: [UInt8] { directory.names }

  /// When that directory was modified, in seconds, as CPython computes `st_mtime`.
  public var directoryModified: Double { directory.modifiedSeconds }
}

extension DirectoryListing {
  /// When the directory was modified, in seconds, as CPython computes `st_mtime`.
  fileprivate var modifiedSeconds: Double {
    let time = status.modified
    let nanoseconds = time % 1_000_000_000
    let before = nanoseconds < 0 ? 1 : 0
    let seconds = time / 1_000_000_000 &- before
    return Double(seconds) + 1e-9 * Double(nanoseconds &+ before &* 1_000_000_000)
  }
}

extension Session {
  /// Finds the module with the full name `name` in `directory`, as importlib's FileFinder would.
  ///
  /// Answers only where listings that are current prove the answer: every directory involved is
  /// asked for its status now, when nothing is left to wait for. `.notFound` says nothing at all; importlib
  /// looks for itself. May wait for a moment for a listing in flight, for `directory`'s own if `mayWait`: the
  /// caller must not hold the GIL.
  ///
  /// A module that is not on its way is put there: its loader is about to ask for it.
  ///
  /// `modified` is when the directory was that the finder has the names of, -1 where it has none: of
  /// another it would list the directory now.
  public func locate(
    _ name: [UInt8], in directory: [UInt8], mayWait: Bool, namesOf modified: Double = -1,
    _ question: inout Question
  ) -> Attempt<FoundModule> {
    let outer: DirectoryListing
    switch listing(directory, &question, mayWait: mayWait) {
    case .found(let found): outer = found
    case .notFound: return .notFound
    case .pending: return .pending
    }
    let isListed = outer.modifiedSeconds != modified
    let dot = name.lastIndex(of: PathBytes.dot)
    let tail = dot.map { Array(name[($0 &+ 1)...]) } ?? name
    let kind = outer.kind(of: tail)
    guard kind == .directory else {
      guard kind != .unknown, cache.isFresh(outer, isListed: isListed) else { return .notFound }
      return found(name, tail, in: outer)
    }
    let package = PathBytes.join(directory, tail)
    switch listing(package, &question) {
    case .pending: return .pending
    case .notFound:
      if !cache.isKnown(listing: package), cache.isFresh(outer, isListed: isListed) {
        demand(module: name)
      }
      return .notFound
    case .found(let inner):
      guard cache.isFresh(outer, isListed: isListed), cache.isFresh(inner) else { return .notFound }
      switch code(named: Array("__init__".utf8), in: inner) {
      case .doubtful: return .notFound
      case .here(let file): return found(name, file, package: package, from: outer)
      case .notHere: return found(name, tail, in: outer)
      }
    }
  }

  /// A module that is no package, if it is there.
  private func found(
    _ name: [UInt8], _ stem: [UInt8], in listing: DirectoryListing
  ) -> Attempt<FoundModule> {
    guard case .here(let file) = code(named: stem, in: listing) else { return .notFound }
    return found(name, file, package: nil, from: listing)
  }

  private func found(
    _ name: [UInt8], _ file: CodeFile, package: [UInt8]?, from listing: DirectoryListing
  ) -> Attempt<FoundModule> {
    prompt(name, file)
    return .found(
      FoundModule(
        kind: file.kind, suffixIndex: file.suffixIndex, path: file.path, package: package,
        directory: listing))
  }

  /// Lets the session learn of a module that was found, unless it has started its file before.
  private func prompt(_ name: [UInt8], _ file: CodeFile) {
    let path = file.path
    switch file.kind {
    case .native: cache.note(native: path)
    case .source:
      guard !settings.cacheSuffix.isEmpty else { return }
      let file = PathBytes.bytecodePath(
        of: path, suffix: settings.cacheSuffix, prefix: settings.cachePrefix)
      if !cache.isKnown(file: file) { demand(module: name, file: path) }
    case .bytecode:
      if !cache.isKnown(file: path) { demand(module: name, file: path) }
    }
  }

  private struct CodeFile {
    let kind: FoundModule.Kind
    let suffixIndex: Int
    let path: [UInt8]
  }

  private enum Code {
    case here(CodeFile)
    case notHere
    /// A link, or something that is no plain file.
    case doubtful
  }

  private func code(named stem: [UInt8], in listing: DirectoryListing) -> Code {
    let kinds: [(FoundModule.Kind, [[UInt8]])] = [
      (.native, settings.extensionSuffixes), (.source, settings.sourceSuffixes),
      (.bytecode, settings.bytecodeSuffixes),
    ]
    var index = 0
    for (kind, suffixes) in kinds {
      for suffix in suffixes {
        switch listing.kind(of: stem, suffix) {
        case .file:
          let path = PathBytes.join(listing.path, stem, suffix)
          return .here(CodeFile(kind: kind, suffixIndex: index, path: path))
        case .absent: index &+= 1
        case .directory, .unknown: return .doubtful
        }
      }
    }
    return .notHere
  }
}
