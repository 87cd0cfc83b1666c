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
