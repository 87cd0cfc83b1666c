/// What a bundle keeps of the status of a file or directory when it was packed.
///
/// The device is left out: one NFS server has another number on every node.
struct PackedStatus: Equatable, Sendable {
  let inode: UInt64
  let size: UInt64
  /// Time of last modification, nanoseconds since the epoch.
  let modified: Int
  /// Time of last status change, nanoseconds since the epoch.
  let changed: Int

  init(inode: UInt64, size: UInt64, modified: Int, changed: Int) {
    self.inode = inode
    self.size = size
    self.modified = modified
    self.changed = changed
  }

  /// Keeps what is needed of `status`.
  init(_ status: FileStatus) {
    inode = status.inode
    size = status.size
    modified = status.modified
    changed = status.changed
  }

  /// Whether a file that has `status` now is the one that was packed.
  ///
  /// A copy of it has the size and the time of modification alone in common, the time perhaps in whole
  /// seconds.
  func matches(_ status: FileStatus, isCopy: Bool) -> Bool {
    guard status.size == size else { return false }
    guard isCopy else { return self == PackedStatus(status) }
    let second = 1_000_000_000
    return status.modified == modified
      || status.modified % second == 0 && status.modified / second == modified / second
  }
}

/// One thing a bundle names, in the order of need.
struct BundleEntry: Equatable, Sendable {
  /// What a profile says of it.
  let kind: ProfileEntry.Kind
  /// The path that the profile names.
  let path: [UInt8]
  /// The status of what the bytes were read from: the directory, or the bytecode file.
  var status = PackedStatus(inode: 0, size: 0, modified: 0, changed: 0)
  /// How many bytes the bundle holds of it; 0 where it holds none, and only the place in the order counts.
  var length = 0
  /// The checksum of those bytes; 0 for what stands in the index.
  var checksum: UInt64 = 0
  /// Whether the file was, when packed, the one that the profile's last run had, so that the bundle
  /// names whatever it imports.
  var isSettled = false

  /// Whether the bundle keeps bytecode of it, and not a text in its index.
  var isBytecode: Bool { kind == .source || kind == .bytecode }

  /// The path that loaders or finders ask for.
  func servedPath(cacheSuffix: [UInt8], cachePrefix: [UInt8]) -> [UInt8] {
    kind == .source
      ? PathBytes.bytecodePath(of: path, suffix: cacheSuffix, prefix: cachePrefix) : path
  }
}

extension FileStatus {
  /// Whether a user may read what has this status, as far as its permission bits tell.
  func isReadable(by user: UInt32) -> Bool {
    mode & 0o444 == 0o444 || owner == user && mode & 0o400 != 0
  }
}
