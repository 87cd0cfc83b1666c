/// The threads of a process that need not be related to this one.
struct ProcessThreads: @unchecked Sendable {
  private let tasks: CPath

  /// Looks at the process of that id, whichever has it.
  init(of process: Int32) {
    tasks = CPath(
      Array("/proc/".utf8) + Decimal.digits(of: Int(process)) + Array("/task".utf8))
  }

  /// How many there are; `nil` where the process has gone or /proc does not show it.
  ///
  /// The directory `/proc/PID/task` has a link for each thread besides its own two
  /// (proc_task_getattr in Linux's fs/proc/base.c): one statx(2) tells, and nothing is listed.
  var count: Int? {
    guard let status = try? FileStatus(path: tasks), status.links > 2 else { return nil }
    return Int(status.links) &- 2
  }
}
