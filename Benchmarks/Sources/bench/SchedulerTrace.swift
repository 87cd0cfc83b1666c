import Foundation
import Measure

/// A trace of every processor's scheduler, by `perf`, around one start.
struct SchedulerTrace {
  private let perf: String
  private let file: String
  private let tracer: Child

  /// Begins to trace; needs root and `perf` (Debian: linux-perf).
  init(scratch: String) throws {
    guard let perf = find("perf") else { throw Failure("perf is not installed (linux-perf)") }
    self.perf = perf
    // Its own writing must not stand in the disk's queue.
    file = (access("/dev/shm", W_OK) == 0 ? "/dev/shm" : scratch) + "/importahead-\(getpid()).perf"
    tracer = try Child(
      [
        perf, "record", "-q", "-a", "-k", "CLOCK_MONOTONIC", "-g", "--kernel-callchains",
        "-e", "sched:sched_switch,sched:sched_wakeup,sched:sched_wakeup_new", "-o", file,
      ], environment: cleanEnvironment(), errors: scratch + "/perf")
    // There is no sign that it has begun but events before the start; whoever reads them checks.
    usleep(500_000)
  }

  /// Ends the trace; what the main thread of the start did, `nil` where the trace does not tell.
  func time(of outcome: Stage.Outcome?) throws -> ThreadTime? {
    kill(tracer.pid, SIGINT)
    _ = tracer.wait()
    defer { unlink(file) }
    guard let outcome else { return nil }
    let text = try run([perf, "script", "-i", file, "--ns", "-F", "tid,time,event,trace,ip,sym"])
    let begin = Double(outcome.began) / 1e9
    return ThreadTime(
      perfScript: text, thread: Int(outcome.pid), from: begin, to: begin + outcome.sample.seconds)
  }
}
