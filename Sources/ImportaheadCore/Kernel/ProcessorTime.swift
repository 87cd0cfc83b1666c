/// How a thread has fared with the scheduler.
struct ProcessorTime {
  /// How long it has run, in nanoseconds.
  let used: Int
  /// How long it could have run and had to wait for a processor, in nanoseconds.
  let delayed: Int

  /// What the kernel has counted for the calling thread (`/proc/thread-self/schedstat`, Linux 3.17, with
  /// CONFIG_SCHED_INFO); `nil` where it is not told.
  static var ofThread: ProcessorTime? {
    KernelText(Array("/proc/thread-self/schedstat".utf8)).flatMap {
      ProcessorTime(schedstat: $0.bytes)
    }
  }

  /// Reads the text of a `schedstat`: time run, time waited, and the number of turns.
  init?(schedstat text: [UInt8]) {
    let fields = text.split(whereSeparator: { $0 == UInt8(ascii: " ") || $0 == 10 })
    guard fields.count == 3, let used = Decimal.number(fields[0]),
      let delayed = Decimal.number(fields[1])
    else { return nil }
    self.used = used
    self.delayed = delayed
  }

  /// Whether the thread has waited for a processor more than half as long as it has run.
  func isScarce(since before: ProcessorTime) -> Bool {
    (delayed &- before.delayed) &* 2 > used &- before.used
  }
}
