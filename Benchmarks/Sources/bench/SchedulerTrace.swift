import Foundation
import Measure

/// A trace of the scheduler around one start, by the kernel's own tracer (tracefs); needs root.
struct SchedulerTrace {
  private static let tracing = "/sys/kernel/tracing"
  private let folder: String

  /// Begins to trace this process and whatever it starts.
  init() throws {
    folder = "\(Self.tracing)/instances/importahead-\(getpid())"
    guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
      throw Failure("\(Self.tracing) cannot be used: \(String(cString: strerror(errno)))")
    }
    do {
      try set("trace_clock", "mono")
      try set("buffer_size_kb", "16384")
      try set("options/event-fork", "1")
      try set("set_event_pid", "\(getpid())")
      try set("events/sched/sched_switch/trigger", "stacktrace if prev_state != 0")
      for event in ["sched_switch", "sched_wakeup", "sched_wakeup_new"] {
        try set("events/sched/\(event)/enable", "1")
      }
    } catch {
      remove()
      throw error
    }
  }

  /// Ends the trace; what the main thread of the start did, `nil` where the trace does not tell.
  func time(of outcome: Stage.Outcome?) throws -> ThreadTime? {
    defer { remove() }
    try set("events/enable", "0")
    guard let outcome else { return nil }
    // Its size is said to be 0: read until nothing more comes.
    guard let file = FileHandle(forReadingAtPath: folder + "/trace") else { return nil }
    let trace = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
    let begin = Double(outcome.began) / 1e9
    return ThreadTime(
      trace: trace, thread: Int(outcome.pid), from: begin, to: begin + outcome.sample.seconds)
  }

  private func set(_ name: String, _ value: String) throws {
    let descriptor = open("\(folder)/\(name)", O_WRONLY | O_TRUNC | O_CLOEXEC)
    defer { close(descriptor) }
    guard descriptor >= 0, write(descriptor, value, value.utf8.count) == value.utf8.count else {
      throw Failure("\(name) of the kernel's tracer: \(String(cString: strerror(errno)))")
    }
  }

  private func remove() {
    try? set("events/enable", "0")
    rmdir(folder)
  }
}
