internal import CLinux

/// What is kept of statx(2): enough to tell whether a file is still the one that was read.
public struct FileStatus: Equatable, Sendable {
  /// Device number, major in the high half.
  let device: UInt64
  let inode: UInt64
  /// Size in bytes.
  let size: UInt64
  /// Type and permission bits, as `st_mode`.
  let mode: UInt16
  /// The user who owns it.
  let owner: UInt32
  /// How many names it has.
  let links: UInt32
  /// Time of last modification, nanoseconds since the epoch.
  let modified: Int
  /// Time of last status change, nanoseconds since the epoch.
  let changed: Int

  /// Two writes within one tick of a file system's clock look alike, so that a file touched this
  /// recently when it was read proves nothing (git calls it racily clean).
  static let racyWindow = 2_000_000_000

  var isRegular: Bool { mode & UInt16(S_IFMT) == UInt16(S_IFREG) }
  var isDirectory: Bool { mode & UInt16(S_IFMT) == UInt16(S_IFDIR) }

  /// Whole seconds of the modification time, as importlib compares them (`int(st_mtime)`).
  var modifiedSeconds: Int {
    let seconds = modified / 1_000_000_000
    return modified < 0 && modified % 1_000_000_000 != 0 ? seconds &- 1 : seconds
  }

  /// Whether a reading made at `time` (real-time clock, ns) may have missed a later write.
  func isRacy(at time: Int) -> Bool {
    time &- modified < Self.racyWindow || time &- changed < Self.racyWindow
  }

  /// Reads the fields out of the kernel's structure.
  init(_ raw: statx) {
    device = UInt64(raw.stx_dev_major) << 32 | UInt64(raw.stx_dev_minor)
    inode = raw.stx_ino
    size = raw.stx_size
    mode = raw.stx_mode
    owner = raw.stx_uid
    links = raw.stx_nlink
    modified = Int(raw.stx_mtime.tv_sec) &* 1_000_000_000 &+ Int(raw.stx_mtime.tv_nsec)
    changed = Int(raw.stx_ctime.tv_sec) &* 1_000_000_000 &+ Int(raw.stx_ctime.tv_nsec)
  }

  /// The status of the file at `path`, symbolic links followed, as the file system has it now.
  init(path: CPath) throws(Errno) {
    var raw = statx()
    let result = unsafe path.withPointer {
      unsafe importahead_statx(AT_FDCWD, $0, 0, Self.mask, &raw)
    }
    guard result == 0 else { throw Errno.last }
    self.init(raw)
  }

  /// The status of an open file, from what the kernel knows without asking a server.
  init(descriptor: Int32) throws(Errno) {
    var raw = statx()
    let flags = AT_EMPTY_PATH | Int32(AT_STATX_DONT_SYNC)
    guard unsafe importahead_statx(descriptor, "", flags, Self.mask, &raw) == 0 else {
      throw Errno.last
    }
    self.init(raw)
  }

  /// The status of what is called `name` in an open directory, no symbolic link followed.
  init(in directory: Int32, name: CPath) throws(Errno) {
    var raw = statx()
    let flags = AT_SYMLINK_NOFOLLOW
    guard unsafe importahead_statx(directory, name.pointer, flags, Self.mask, &raw) == 0 else {
      throw Errno.last
    }
    self.init(raw)
  }

  /// The fields asked for: those that are kept.
  ///
  /// The time of access would cost a round trip of its own where a server has it and the file has been read.
  static let mask = UInt32(
    STATX_TYPE | STATX_MODE | STATX_NLINK | STATX_UID | STATX_MTIME | STATX_CTIME | STATX_INO
      | STATX_SIZE)
}
