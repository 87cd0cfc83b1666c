internal import CLinux

/// What is kept of a file's status: enough to tell whether it is still the one that was read.
public struct FileStatus: Equatable, Sendable {
  /// Device number, major in the high half.
  let device: UInt64
  let inode: UInt64
  /// Size in bytes.
  let size: UInt64
  /// Type and permission bits, as `st_mode`.
  let mode: UInt16
  /// The user who owns it, where that was asked for.
  let owner: UInt32
  /// How many names it has, where that was asked for.
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

  /// Whether both are of one file in one state.
  ///
  /// A change of owner or names changes the time of status change.
  public static func == (left: FileStatus, right: FileStatus) -> Bool {
    left.device == right.device && left.inode == right.inode && left.size == right.size
      && left.mode == right.mode && left.modified == right.modified
      && left.changed == right.changed
  }

  /// Which fields are asked for (statx(2)).
  ///
  /// Never the time of last access: on FUSE and NFS a read makes what the kernel knows of it stale, and to
  /// ask for it would ask the server, for each module.
  enum Fields {
    case compared
    /// Owner and number of names besides.
    case owned

    var mask: UInt32 {
      let compared =
        UInt32(STATX_TYPE) | UInt32(STATX_MODE) | UInt32(STATX_INO) | UInt32(STATX_SIZE)
        | UInt32(STATX_MTIME) | UInt32(STATX_CTIME)
      switch self {
      case .compared: return compared
      case .owned: return compared | UInt32(STATX_UID) | UInt32(STATX_NLINK)
      }
    }
  }

  /// How much an open file's status may be out of date.
  enum Freshness {
    /// What the kernel knows without asking a server (AT_STATX_DONT_SYNC).
    case known
    /// What stat(2) would say.
    case present
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

  /// Reads the fields out of what stat(2) fills.
  private init(_ raw: stat) {
    device = unsafe withUnsafePointer(to: raw) { unsafe importahead_device($0) }
    inode = UInt64(raw.st_ino)
    size = UInt64(clamping: raw.st_size)
    mode = UInt16(truncatingIfNeeded: raw.st_mode)
    owner = raw.st_uid
    links = UInt32(clamping: raw.st_nlink)
    modified = raw.st_mtim.tv_sec &* 1_000_000_000 &+ raw.st_mtim.tv_nsec
    changed = raw.st_ctim.tv_sec &* 1_000_000_000 &+ raw.st_ctim.tv_nsec
  }

  /// The status of the file at `path`, symbolic links followed, as the file system has it now.
  init(path: CPath, _ fields: Fields = .compared) throws(Errno) {
    guard !Confinement.allowsPlainCallsOnly else {
      try self.init(looking: path)
      return
    }
    var raw = statx()
    let result = unsafe path.withPointer {
      unsafe importahead_statx(AT_FDCWD, $0, AT_NO_AUTOMOUNT, fields.mask, &raw)
    }
    guard result == 0 else { throw Errno.last }
    self.init(raw)
  }

  /// The status of an open file.
  init(
    descriptor: Int32, _ fields: Fields = .compared, _ freshness: Freshness = .known
  ) throws(Errno) {
    guard !Confinement.allowsPlainCallsOnly else {
      var raw = stat()
      guard unsafe importahead_fstat(descriptor, &raw) == 0 else { throw Errno.last }
      self.init(raw)
      return
    }
    var raw = statx()
    let flags = freshness == .known ? AT_EMPTY_PATH | Int32(AT_STATX_DONT_SYNC) : AT_EMPTY_PATH
    guard unsafe importahead_statx(descriptor, "", flags, fields.mask, &raw) == 0 else {
      throw Errno.last
    }
    self.init(raw)
  }

  /// The status of what is called `name` in an open directory, no symbolic link followed.
  init(in directory: Int32, name: CPath) throws(Errno) {
    var raw = stat()
    let result = unsafe name.withPointer { unsafe importahead_lstatat(directory, $0, &raw) }
    guard result == 0 else { throw Errno.last }
    self.init(raw)
  }

  /// The status of the file at `path` by stat(2) itself: what stands in its place (LD_PRELOAD) is asked.
  init(looking path: CPath) throws(Errno) {
    var raw = stat()
    let result = unsafe path.withPointer { unsafe importahead_stat($0, &raw) }
    guard result == 0 else { throw Errno.last }
    self.init(raw)
  }

  /// The status of the file at `path` if the calling thread may open it, by the calls that io.open_code
  /// makes: open(2), fstat(2), close(2).
  ///
  /// `flags` are those of open(2).
  init(opening path: CPath, _ flags: Int32 = O_RDONLY | O_CLOEXEC) throws(Errno) {
    let descriptor = unsafe path.withPointer { unsafe importahead_open($0, flags) }
    guard descriptor >= 0 else { throw Errno.last }
    defer { _ = close(descriptor) }
    var raw = stat()
    guard unsafe importahead_fstat(descriptor, &raw) == 0 else { throw Errno.last }
    self.init(raw)
  }

  /// Whether stat(2) is not libc's own in this process.
  static let isReplaced = importahead_stat_is_replaced() != 0
}
