internal import CLinux

/// An event counter that wakes the owner of a ring from another thread (eventfd(2)).
@safe final class WakeCounter: @unchecked Sendable {
  let descriptor: Int32
  /// Where the ring's read of the counter lands.
  let landing = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)

  init() throws(Errno) {
    let descriptor = eventfd(0, Int32(EFD_CLOEXEC))
    guard descriptor >= 0 else { throw Errno.last }
    self.descriptor = descriptor
    unsafe landing.initialize(to: 0)
  }

  deinit {
    _ = close(descriptor)
    unsafe landing.deallocate()
  }

  /// Adds one, which completes a read in flight.
  func wake() {
    var one: UInt64 = 1
    _ = unsafe write(descriptor, &one, 8)
  }
}
