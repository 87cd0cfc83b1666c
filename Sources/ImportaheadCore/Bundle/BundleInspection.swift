internal import CLinux

/// A bundle as a person looks at it: what it holds, and what of that is still so.
public struct BundleInspection {
  /// What a line is about.
  public enum Kind: Sendable {
    case directory, source, bytecode, native, library, data, name
  }

  /// Whether a start would be served an entry.
  public enum State: Sendable {
    /// It would.
    case current
    /// The file has changed since, or may not be read.
    case changed
    /// There is no such file any more.
    case absent
    /// Its source has changed, so that importlib would not use the bytecode.
    case stale
    /// The bundle is damaged here.
    case damaged
    /// The bundle holds no bytes of it.
    case named
  }

  /// One entry.
  public struct Line: Sendable {
    /// What it is.
    public let kind: Kind
    /// What the profile calls it.
    public let path: [UInt8]
    /// The file or directory whose bytes the bundle holds.
    public let servedPath: [UInt8]
    /// How many bytes.
    public let size: Int
    fileprivate let place: Int
  }

  private let index: BundleIndex
  private let file: BundleFile
  private let bundle: Bundle
  private let allocator = FileBytesAllocator()

  /// Reads the index of the bundle at `path`; throws `EPERM` where sessions of this user would not
  /// trust it, and `EBADMSG` where it is no bundle, or not a whole one.
  public init(path: [UInt8]) throws(Errno) {
    (file, index) = try BundleFile.open(path)
    bundle = Bundle(index, file)
  }

  /// Whether files are compared by size and time of modification alone.
  public var isOfCopies: Bool { index.isOfCopies }

  /// The size of the file in bytes.
  public var size: Int { Int(clamping: file.status.size) }

  /// What comes before `.pyc` in the names of the files it holds, tag and level of optimisation.
  public var cacheSuffix: [UInt8] { index.cacheSuffix }

  /// Its entries in the order of need.
  public var lines: [Line] {
    index.entries.indices.map { place in
      let entry = index.entries[place]
      let served = entry.servedPath(
        cacheSuffix: index.cacheSuffix, cachePrefix: index.cachePrefix)
      return Line(
        kind: Kind(entry.kind), path: entry.path, servedPath: served, size: entry.length,
        place: place)
    }
  }

  /// Compares each entry with the bundle's own checksums and with the file system.
  public func states() -> [State] {
    var states: [State] = []
    for line in lines {
      for piece in bundle.piecesToRead(for: line.place) {
        _ = bundle.arrive(piece.number, piece.read(with: allocator))
      }
      states.append(state(of: line))
    }
    return states
  }

  private func state(of line: Line) -> State {
    guard line.size > 0, line.kind != .native, line.kind != .library else { return .named }
    var header: BytecodeHeader?
    if line.kind != .directory {
      guard case .here(let bytes) = bundle.take(line.place) else { return .damaged }
      header = BytecodeHeader(bytes.bytes)
    }
    guard let status = try? FileStatus(path: CPath(line.servedPath)) else { return .absent }
    guard bundle.isCurrent(line.place, status) else { return .changed }
    guard line.kind == .source, let header else { return .current }
    return header.isFresh(sourceAt: line.path) ? .current : .stale
  }
}

extension BundleInspection.Kind {
  fileprivate init(_ kind: ProfileEntry.Kind) {
    switch kind {
    case .directory: self = .directory
    case .source: self = .source
    case .bytecode: self = .bytecode
    case .native: self = .native
    case .library: self = .library
    case .data: self = .data
    case .name: self = .name
    }
  }
}
