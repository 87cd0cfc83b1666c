internal import CLinux

/// The bytes of one file, read ahead; freed with the last reference.
@safe public final class FileBytes: @unchecked Sendable {
  private let storage: UnsafeMutableRawPointer
  private let capacity: Int
  /// How many bytes have been filled.
  private(set) var count = 0

  /// Reserves room for `capacity` bytes; `nil` when there is no memory.
  init?(capacity: Int) {
    guard capacity >= 0, let memory = unsafe malloc(Swift.max(capacity, 1)) else { return nil }
    unsafe storage = memory
    self.capacity = capacity
  }

  deinit { unsafe free(storage) }

  /// The place the next bytes go to, and how many fit.
  ///
  /// SAFETY: the caller keeps the object alive while the kernel may write there.
  @unsafe var tail: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(start: storage + count, count: capacity &- count)
  }

  /// Counts `more` bytes that were written behind the ones already there.
  func advance(by more: Int) {
    count = Swift.min(capacity, count &+ Swift.max(0, more))
  }

  /// The bytes read so far.
  var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      let span = unsafe RawSpan(_unsafeStart: storage, byteCount: count)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Lends the bytes to C for the length of `body`.
  public func withPointer<Result>(_ body: (UnsafePointer<CChar>, Int) -> Result) -> Result {
    let start = unsafe UnsafePointer(storage.assumingMemoryBound(to: CChar.self))
    return unsafe body(start, count)
  }
}
