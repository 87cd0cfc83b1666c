internal import CLinux

/// A descriptor that closes itself with its last owner.
final class OpenFile {
  let rawValue: Int32

  /// Opens a file that a program may map, without waiting for a FIFO's other end and without making
  /// a terminal ours.
  init(library path: CPath) throws(Errno) {
    let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
    let number = unsafe path.withPointer { unsafe importahead_open($0, flags) }
    guard number >= 0 else { throw Errno.last }
    rawValue = number
  }

  deinit { _ = close(rawValue) }

  /// Its status, from what the kernel knows without asking a server.
  var status: FileStatus {
    get throws(Errno) { try FileStatus(descriptor: rawValue) }
  }

  /// The most that one request may ask for: the kernel silently leaves out what lies beyond the
  /// device's read-ahead window (force_page_cache_ra in Linux's mm/readahead.c), which is 128 KiB where
  /// nobody has set it, on network file systems too.
  private static let mostAhead = 128 << 10

  /// Asks the kernel to read `size` bytes from `start` on into the page cache, without waiting for
  /// them (posix_fadvise(2)).
  ///
  /// Under a filter of system calls they are read, which waits for them.
  func readAhead(from start: Int, size: Int) {
    guard start >= 0, size > 0 else { return }
    guard !Confinement.allowsPlainCallsOnly else { return read(from: start, size: size) }
    for place in stride(from: 0, to: size, by: Self.mostAhead) {
      let length = Swift.min(Self.mostAhead, size &- place)
      _ = posix_fadvise(rawValue, start &+ place, length, POSIX_FADV_WILLNEED)
    }
  }

  private func read(from start: Int, size: Int) {
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.mostAhead, alignment: 16)
    defer { unsafe scratch.deallocate() }
    for place in stride(from: 0, to: size, by: Self.mostAhead) {
      let length = Swift.min(Self.mostAhead, size &- place)
      guard unsafe pread(rawValue, scratch.baseAddress, length, start &+ place) > 0 else { return }
    }
  }

  /// Reads a whole plain file of at most `limit` bytes ahead if so many `mayBeRead`; returns how many bytes
  /// were asked for.
  static func warm(
    _ path: [UInt8], limit: Int, if mayBeRead: (Int) -> Bool = { _ in true }
  ) -> Int {
    let name = CPath(path)
    // Looked at before it is opened: opening a device can do things.
    guard let status = try? FileStatus(path: name), status.isRegular,
      status.size <= UInt64(limit), mayBeRead(Int(status.size)),
      let file = try? OpenFile(library: name)
    else { return 0 }
    file.readAhead(from: 0, size: Int(status.size))
    return Int(status.size)
  }

  /// Asks for each of the pages, as `readAhead(from:size:)` does.
  func readAhead(_ ranges: [LibraryPages.Range]) {
    for range in ranges {
      readAhead(from: range.start &* LibraryPages.unit, size: range.count &* LibraryPages.unit)
    }
  }
}
