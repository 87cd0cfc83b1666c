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

  /// Asks the kernel to read a range into the page cache, without waiting for it.
  func readAhead(_ range: LibraryPages.Range) {
    let (start, size) = (range.start &* LibraryPages.unit, range.count &* LibraryPages.unit)
    _ = posix_fadvise(rawValue, start, size, POSIX_FADV_WILLNEED)
  }
}
