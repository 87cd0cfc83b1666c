internal import CLinux

/// A directory that holds files of ours alone: owned by the effective user, or by root and read only,
/// and writable by nobody else.
@safe struct PrivateDirectory: ~Copyable {
  private let descriptor: Int32
  private let path: [UInt8]
  /// Whether files may be written to it.
  let isOurs: Bool

  /// The most files that are kept.
  static let mostFiles = 512
  /// After so many milliseconds a file that was being written has been left behind.
  private static let leftBehind = 600_000

  private static let openFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC

  /// Opens `home`/`below[0]`/`below[1]`…, and makes what is missing if `mayCreate`.
  ///
  /// `home` may be reached by a symbolic link; below it none is followed. Throws where a directory is
  /// another user's or open to others.
  init(home: [UInt8], below: [[UInt8]], mayCreate: Bool) throws(Errno) {
    var current = try Self.open(home: home, mayCreate: mayCreate)
    var isOurs = false
    var reached = home
    for name in below {
      let path = CPath(name)
      reached = PathBytes.join(reached, name)
      var next = unsafe importahead_openat(current, path.pointer, Self.openFlags, 0)
      if next < 0, mayCreate, Errno.last.code == ENOENT, Self.isOwned(current) {
        Self.make(reached, called: path, in: current)
        next = unsafe importahead_openat(current, path.pointer, Self.openFlags, 0)
      }
      let reason = Errno.last
      _ = close(current)
      guard next >= 0 else { throw reason }
      current = next
      do throws(Errno) {
        isOurs = try Self.check(next)
      } catch {
        _ = close(next)
        throw error
      }
    }
    guard !below.isEmpty else {
      _ = close(current)
      throw Errno(code: EINVAL)
    }
    descriptor = current
    path = reached
    self.isOurs = isOurs
  }

  deinit { _ = close(descriptor) }

  /// Whether the directory lies on a file system that asks no server; under a filter of system calls nobody
  /// is asked.
  var isLocal: Bool { !Confinement.allowsPlainCallsOnly && FileSystem.isLocal(descriptor) }

  /// Makes a directory; under a filter of system calls by its whole path, as CPython makes its own.
  private static func make(_ whole: [UInt8], called name: CPath, in directory: Int32) {
    if Confinement.allowsPlainCallsOnly {
      _ = unsafe CPath(whole).withPointer { unsafe mkdir($0, 0o700) }
    } else {
      _ = unsafe mkdirat(directory, name.pointer, 0o700)
    }
  }

  private static func open(home: [UInt8], mayCreate: Bool) throws(Errno) -> Int32 {
    guard home.first == PathBytes.slash else { throw Errno(code: EINVAL) }
    let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
    let path = CPath(home)
    var descriptor = unsafe importahead_open(path.pointer, flags)
    if descriptor < 0, mayCreate, Errno.last.code == ENOENT {
      let above = PathBytes.split(home).directory + [PathBytes.slash]
      let parent = try FileStatus(path: CPath(above), .owned)
      guard parent.owner == Confinement.user else { throw Errno(code: EPERM) }
      _ = unsafe mkdir(path.pointer, 0o700)
      descriptor = unsafe importahead_open(path.pointer, flags)
    }
    guard descriptor >= 0 else { throw Errno.last }
    return descriptor
  }

  private static func isOwned(_ descriptor: Int32) -> Bool {
    (try? FileStatus(descriptor: descriptor, .owned))?.owner == Confinement.user
  }

  /// Whether a directory is ours; throws where it cannot be trusted.
  private static func check(_ descriptor: Int32) throws(Errno) -> Bool {
    let status = try FileStatus(descriptor: descriptor, .owned)
    guard status.owner == Confinement.user || status.owner == 0, status.mode & 0o022 == 0 else {
      throw Errno(code: EPERM)
    }
    return status.owner == Confinement.user
  }

  /// Reads a file, and tells when it was written; throws where it is not a plain file of ours of at
  /// most `limit` bytes.
  func read(_ name: [UInt8], limit: Int) throws(Errno) -> (bytes: [UInt8], modified: Int) {
    let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
    let path = CPath(name)
    let file = unsafe importahead_openat(descriptor, path.pointer, flags, 0)
    guard file >= 0 else { throw Errno.last }
    defer { _ = close(file) }
    let status = try FileStatus(descriptor: file, .owned)
    guard status.isRegular else { throw Errno.notRegular }
    guard status.size <= UInt64(limit) else { throw Errno.tooLarge }
    guard status.owner == Confinement.user || status.owner == 0 && !isOurs,
      status.mode & 0o022 == 0,
      status.links == 1
    else { throw Errno(code: EPERM) }
    var bytes = [UInt8](repeating: 0, count: Int(status.size))
    var filled = 0
    while filled < bytes.count {
      let room = bytes.count &- filled
      let count = unsafe bytes.withUnsafeMutableBytes { memory in
        unsafe pread(file, memory.baseAddress?.advanced(by: filled), room, filled)
      }
      guard count > 0 else { throw Errno.changed }
      filled &+= count
    }
    return (bytes, status.modified)
  }

  /// Puts a file with `bytes` in the place of `name`, in one step; throws and leaves nothing behind
  /// where that cannot be done.
  func replace(_ name: [UInt8], with bytes: [UInt8]) throws(Errno) {
    guard isOurs else { throw Errno(code: EPERM) }
    // Beyond the limit a signal would come that ends programs.
    var limit = rlimit()
    guard unsafe getrlimit(RLIMIT_FSIZE, &limit) == 0, limit.rlim_cur >= UInt(bytes.count) else {
      throw Errno.tooLarge
    }
    let writer = UInt64(UInt32(bitPattern: Thread.identifier))
    let stamp = UInt64(truncatingIfNeeded: Instant.realTime) ^ writer << 40
    let partName = Array(".part-".utf8) + Hexadecimal.digits(of: stamp)
    let part = CPath(partName)
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
    let file = unsafe importahead_openat(descriptor, part.pointer, flags, 0o600)
    guard file >= 0 else { throw Errno.last }
    var written = 0
    while written < bytes.count {
      let room = bytes.count &- written
      let count = unsafe bytes.withUnsafeBytes { memory in
        unsafe write(file, memory.baseAddress?.advanced(by: written), room)
      }
      guard count > 0 else { break }
      written &+= count
    }
    let isClosed = close(file) == 0
    guard written == bytes.count, isClosed, move(partName, to: name) else {
      let reason = Errno.last
      // Whoever may, removes it later (`prune`).
      if !Confinement.allowsPlainCallsOnly { _ = unsafe unlinkat(descriptor, part.pointer, 0) }
      throw reason
    }
  }

  private func move(_ part: [UInt8], to name: [UInt8]) -> Bool {
    guard Confinement.allowsPlainCallsOnly else {
      return unsafe CPath(part).withPointer { old in
        unsafe CPath(name).withPointer { unsafe renameat(descriptor, old, descriptor, $0) == 0 }
      }
    }
    return unsafe CPath(PathBytes.join(path, part)).withPointer { old in
      unsafe CPath(PathBytes.join(path, name)).withPointer { unsafe rename(old, $0) == 0 }
    }
  }

  /// Whether there is a file called `name`.
  func holds(_ name: [UInt8]) -> Bool {
    (try? FileStatus(in: descriptor, name: CPath(name))) != nil
  }

  /// Removes the older half of the files where there are more than `mostFiles`, and what killed
  /// processes left behind; nothing under a filter of system calls.
  func prune(_ path: [UInt8]) {
    guard isOurs, !Confinement.allowsPlainCallsOnly,
      let listing = try? DirectoryListing.read(path)
    else { return }
    let names = listing.names.split(separator: 0).map { Array($0) }
    let now = Instant.realTime
    var ages: [(age: Int, name: [UInt8])] = []
    for name in names {
      guard let status = try? FileStatus(in: descriptor, name: CPath(name)), status.isRegular else {
        continue
      }
      let age = now &- status.modified
      if name.starts(with: Array(".part-".utf8)) {
        if age > Self.leftBehind &* 1_000_000 { remove(name) }
      } else {
        ages.append((age, name))
      }
    }
    guard ages.count > Self.mostFiles else { return }
    ages.sort { $0.age < $1.age }
    for (_, name) in ages[(Self.mostFiles / 2)...] { remove(name) }
  }

  private func remove(_ name: [UInt8]) {
    let path = CPath(name)
    _ = unsafe unlinkat(descriptor, path.pointer, 0)
  }
}
