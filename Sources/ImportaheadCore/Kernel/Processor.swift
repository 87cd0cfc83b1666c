internal import CLinux

/// Where the calling thread runs.
struct Processor: Equatable {
  /// Its number, as sched_setaffinity(2) counts.
  let number: Int

  /// The processor that the calling thread runs on now (getcpu(2)).
  static var current: Processor { Processor(number: Int(sched_getcpu())) }

  /// Moves the calling thread to another processor; returns whether it may run on any other.
  ///
  /// It may run everywhere it might before: the scheduler is asked once, since it likes to start a
  /// thread, and wake one that waits for disks, on the processor of whoever started it, be others
  /// idle or not.
  @discardableResult
  func leave() -> Bool {
    var allowed = cpu_set_t()
    let size = MemoryLayout<cpu_set_t>.size
    guard !Confinement.allowsPlainCallsOnly, number >= 0, number < size &* 8,
      unsafe sched_getaffinity(0, size, &allowed) == 0
    else { return false }
    var others = allowed
    unsafe withUnsafeMutableBytes(of: &others) { bytes in
      unsafe bytes[number / 8] &= ~(1 << UInt8(number % 8))
    }
    // Where there is no other the kernel refuses.
    guard unsafe sched_setaffinity(0, size, &others) == 0 else { return false }
    _ = unsafe sched_setaffinity(0, size, &allowed)
    return true
  }
}
