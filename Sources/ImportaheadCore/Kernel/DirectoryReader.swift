internal import CLinux

extension DirectoryListing {
  /// The most names that are kept; a larger directory is left to importlib.
  static let mostNames = 50_000

  /// Reads the directory at `path`; throws `E2BIG` where it holds more than `mostNames`.
  ///
  /// Blocks: io_uring has no getdents, so that this runs on a worker thread.
  static func read(
    _ path: [UInt8], on known: KnownFileSystems = KnownFileSystems()
  ) throws(Errno) -> DirectoryListing {
    let descriptor = unsafe CPath(path).withPointer { unsafe importahead_open($0, openFlags) }
    guard descriptor >= 0 else { throw Errno.last }
    defer { _ = close(descriptor) }
    return try read(path, descriptor, on: known)
  }

  /// Reads the directory at `path` where that asks no server and the kernel knows the way to it;
  /// `nil` where it would have to look.
  ///
  /// Nothing tells whether the names themselves are in memory; on a local file system they are a few
  /// blocks. RESOLVE_CACHED needs Linux 5.12; before that the answer is always `nil`, and under a filter
  /// too.
  static func readCached(
    _ path: [UInt8], on known: KnownFileSystems
  ) throws(Errno) -> DirectoryListing? {
    guard !Confinement.allowsPlainCallsOnly else { return nil }
    // O_PATH: to open a directory may ask a server.
    let flags = UInt64(O_PATH | O_DIRECTORY | O_CLOEXEC)
    let place = unsafe CPath(path).withPointer {
      unsafe importahead_openat2($0, flags, UInt64(RESOLVE_CACHED))
    }
    guard place >= 0 else {
      let reason = Errno.last
      if reason.isExpected { throw reason }
      return nil
    }
    defer { _ = close(place) }
    guard known.isLocal(place, try FileStatus(descriptor: place)) else { return nil }
    let descriptor = unsafe importahead_openat(place, ".", openFlags, 0)
    guard descriptor >= 0 else { throw Errno.last }
    defer { _ = close(descriptor) }
    return try read(path, descriptor, on: known)
  }

  private static var openFlags: Int32 { O_RDONLY | O_DIRECTORY | O_CLOEXEC }

  private static func read(
    _ path: [UInt8], _ descriptor: Int32, on known: KnownFileSystems
  ) throws(Errno) -> DirectoryListing {
    let status = try FileStatus(descriptor: descriptor)
    let listing = DirectoryListing(
      path: path, status: status, isLocal: known.isLocal(descriptor, status),
      readAt: Instant.realTime)
    var buffer = [UInt8](repeating: 0, count: 32 << 10)
    while true {
      let size = buffer.count
      let count = unsafe buffer.withUnsafeMutableBytes { bytes in
        unsafe importahead_getdents64(descriptor, bytes.baseAddress, size)
      }
      guard count >= 0 else { throw Errno.last }
      guard count > 0 else { break }
      listing.take(buffer, count: count)
      guard listing.count <= mostNames else { throw Errno(code: E2BIG) }
    }
    listing.seal()
    return listing
  }

  /// Takes the names out of a buffer of `linux_dirent64` records (getdents(2)).
  private func take(_ buffer: [UInt8], count: Int) {
    let header = 19
    var offset = 0
    while offset &+ header < count {
      let length = Int(buffer[offset &+ 16]) | Int(buffer[offset &+ 17]) << 8
      guard length > header, offset &+ length <= count else { return }
      var name: [UInt8] = []
      var place = offset &+ header
      while place < offset &+ length, buffer[place] != 0 {
        name.append(buffer[place])
        place &+= 1
      }
      if name != [0x2e] && name != [0x2e, 0x2e] {
        append(name, Self.kind(ofType: buffer[offset &+ 18]))
      }
      offset &+= length
    }
  }

  private static func kind(ofType type: UInt8) -> EntryKind {
    switch Int(type) {
    case Int(DT_REG): return .file
    case Int(DT_DIR): return .directory
    default: return .unknown
    }
  }
}
