internal import CLinux

/// The reason the kernel refused an operation.
public struct Errno: Error, Equatable, Sendable {
  /// The positive error number, as in `errno(3)`.
  public let code: Int32

  /// Wraps a positive error number.
  public init(code: Int32) {
    self.code = code
  }

  /// The error number the last failed libc call of this thread left behind.
  static var last: Errno { Errno(code: importahead_errno()) }
}

extension Errno {
  /// Passes a result in the kernel's convention (a negative error number) through, or throws it.
  @discardableResult
  static func check(_ result: Int32) throws(Errno) -> Int32 {
    guard result >= 0 else { throw Errno(code: 0 &- result) }
    return result
  }
}

extension Errno {
  /// A FIFO, socket, device or directory where a file was expected.
  static var notRegular: Errno { Errno(code: EINVAL) }
  /// A file above the size that is kept in memory.
  static var tooLarge: Errno { Errno(code: EFBIG) }
  /// No memory for the bytes.
  static var noMemory: Errno { Errno(code: ENOMEM) }
  /// A file that changed while it was read.
  static var changed: Errno { Errno(code: ESTALE) }
  /// A file whose bytes are not what its kind of file has.
  static var malformed: Errno { Errno(code: EBADMSG) }
  /// A session that was stopped.
  static var stopped: Errno { Errno(code: ECANCELED) }

  /// A program that has other rights than those its session began with.
  static var otherRights: Errno { Errno(code: EPERM) }

  /// Whether looking for files that need not exist leads here all the time.
  var isExpected: Bool {
    switch code {
    case ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG: return true
    default: return false
    }
  }

  /// Whether the ring could not carry the call out, which says nothing about the file.
  var isRefusalOfRing: Bool {
    switch code {
    case ECANCELED, EAGAIN, ENOMEM, EINTR: return true
    default: return false
    }
  }
}
