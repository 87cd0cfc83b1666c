internal import CLinux

/// A path in memory that does not move: NUL-terminated, owned, safe for the kernel to read at any
/// time while the object lives.
@safe final class CPath: @unchecked Sendable {
  /// The first byte; valid as long as the object, which whoever passes it on must keep alive.
  let pointer: UnsafePointer<CChar>
  private let storage: UnsafeMutablePointer<CChar>

  /// Copies `bytes`, which end at the first NUL if they hold one.
  init(_ bytes: [UInt8]) {
    unsafe storage = .allocate(capacity: bytes.count &+ 1)
    for index in bytes.indices {
      unsafe storage[index] = CChar(bitPattern: bytes[index])
    }
    unsafe storage[bytes.count] = 0
    unsafe pointer = UnsafePointer(storage)
  }

  deinit { unsafe storage.deallocate() }

  /// Lends the bytes to C for the length of `body`.
  func withPointer<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    // Without this a path that nobody names again is freed before the call is made.
    withExtendedLifetime(self) { unsafe body(pointer) }
  }
}
