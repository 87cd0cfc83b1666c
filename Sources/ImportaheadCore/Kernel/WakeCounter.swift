internal import CLinux

/// An event counter that wakes the owner of a ring from another thread (eventfd(2)).
@safe final class WakeCounter: @unchecked Sendable {
  /// The counter's descriptor, or -1 once closed.
  private(set) var descriptor: Int32
  /// Where the ring's read of the counter lands.
  let landing = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)

  init() throws(Errno) {
    let descriptor = eventfd(0, Int32(EFD_CLOEXEC))
    guard descriptor >= 0 else { throw Errno.last }
    self.descriptor = descriptor
    unsafe landing.initialize(to: 0)
  }

  deinit { unsafe landing.deallocate() }

  /// Closes the counter; only a thread with the descriptor table it was made in may do that.
  func close() {
    if descriptor >= 0 { _ = CLinux.close(descriptor) }
    descriptor = -1
  }

  /// Adds one, which completes a read in flight.
  func wake() {
    var one: UInt64 = 1
    _ = unsafe write(descriptor, &one, 8)
  }
}
