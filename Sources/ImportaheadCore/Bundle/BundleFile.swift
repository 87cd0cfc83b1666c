internal import CLinux

/// A bundle's file: who may have made it, and how its parts are read.
///
/// It is read and never mapped: a mapping of a file that somebody cuts short ends the process. It is
/// opened anew for each part, because each thread of a session has descriptors of its own.
struct BundleFile: Sendable {
  let path: [UInt8]
  /// What it was when its index was read; another file is not read from.
  let status: FileStatus

  /// Enough for the whole index of most bundles.
  private static let firstRead = 256 << 10

  /// Opens the file at `path` and reads its index.
  ///
  /// Throws unless it is a plain file with one name, of the effective user or root, that nobody else may
  /// write to, and its index is in order.
  static func open(_ path: [UInt8]) throws(Errno) -> (file: BundleFile, index: BundleIndex) {
    let descriptor = try descriptor(path)
    defer { _ = close(descriptor) }
    let status = try FileStatus(descriptor: descriptor, .owned)
    guard status.isRegular else { throw Errno.notRegular }
    guard status.size <= UInt64(BundleIndex.mostFileBytes) else { throw Errno.tooLarge }
    guard status.owner == Confinement.user || status.owner == 0, status.mode & 0o022 == 0,
      status.links == 1
    else { throw Errno(code: EPERM) }
    let size = Int(status.size)
    var bytes = try read(descriptor, from: 0, count: Swift.min(size, firstRead))
    guard let extent = BundleIndex.extent(of: bytes), extent.file == size else {
      throw Errno.malformed
    }
    if bytes.count < extent.index {
      bytes += try read(descriptor, from: bytes.count, count: extent.index &- bytes.count)
    }
    bytes.removeLast(bytes.count &- extent.index)
    guard let index = BundleIndex(bytes, fileSize: size) else { throw Errno.malformed }
    return (BundleFile(path: path, status: status), index)
  }

  /// Reads `count` bytes from `offset` on; `nil` where the file is not the one that was opened first.
  func read(from offset: Int, count: Int, with allocator: FileBytesAllocator) -> FileBytes? {
    guard let descriptor = try? Self.descriptor(path) else { return nil }
    defer { _ = close(descriptor) }
    guard (try? FileStatus(descriptor: descriptor)) == status,
      let bytes = allocator.allocate(capacity: count)
    else { return nil }
    while bytes.count < count {
      let tail = unsafe bytes.tail
      let taken = unsafe pread(descriptor, tail.baseAddress, tail.count, offset &+ bytes.count)
      if taken < 0, Errno.last.code == EINTR { continue }
      guard taken > 0 else { return nil }
      bytes.advance(by: taken)
    }
    return bytes
  }

  private static func descriptor(_ path: [UInt8]) throws(Errno) -> Int32 {
    let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
    let descriptor = unsafe CPath(path).withPointer { unsafe importahead_open($0, flags) }
    guard descriptor >= 0 else { throw Errno.last }
    return descriptor
  }

  private static func read(
    _ descriptor: Int32, from offset: Int, count: Int
  ) throws(Errno) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let room = count &- filled
      let taken = unsafe bytes.withUnsafeMutableBytes { memory in
        unsafe pread(
          descriptor, memory.baseAddress?.advanced(by: filled), room, offset &+ filled)
      }
      if taken < 0, Errno.last.code == EINTR { continue }
      guard taken >= 0 else { throw Errno.last }
      guard taken > 0 else { throw Errno.changed }
      filled &+= taken
    }
    return bytes
  }
}
