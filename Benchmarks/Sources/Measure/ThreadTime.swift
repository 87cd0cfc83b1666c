/// What one thread did between two instants, from the scheduler's events.
public struct ThreadTime: Codable, Equatable, Sendable {
  /// What a thread can wait for in the kernel.
  public enum Cause: String, Codable, CodingKeyRepresentable, CaseIterable, Sendable {
    case pageFault = "page fault"
    case open, status, list, read
    case lock
    case exec, exit, other
  }

  /// Seconds on a processor.
  public var running = 0.0
  /// Seconds ready to run while no processor was free.
  public var queued = 0.0
  /// Seconds asleep.
  public var blocked: [Cause: Double] = [:]
  /// How often it fell asleep.
  public var sleeps: [Cause: Int] = [:]

  /// Seconds in all.
  public var seconds: Double { running + queued + blocked.values.reduce(0, +) }

  private enum State {
    case runs, waits
    case sleeps(Cause)
  }

  /// Reads what `perf script -F tid,time,event,trace,ip,sym` prints of `sched_switch` and `sched_wakeup`,
  /// with call chains; times are seconds.
  ///
  /// `nil` where the thread is not seen to run, or the trace begins after `begin`.
  public init?(perfScript text: String, thread: Int, from begin: Double, to end: Double) {
    var (state, since, wasSeen, isWhole) = (State.waits, begin, false, false)
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
    while let line = lines.popFirst() {
      guard line.utf8.first != UInt8(ascii: "\t"), let event = Event(line) else { continue }
      if event.time < begin { isWhole = true }
      guard event.time >= begin, event.time <= end else { continue }
      let next: State
      if event.previous == thread {
        let stack = lines.prefix { $0.utf8.first == UInt8(ascii: "\t") }
        next = event.isPreempted ? .waits : .sleeps(Self.cause(of: stack))
      } else if event.next == thread {
        next = .runs
      } else if event.woken == thread, case .sleeps = state {
        next = .waits
      } else {
        continue
      }
      add(event.time - since, in: state)
      if case .sleeps(let cause) = next { sleeps[cause, default: 0] += 1 }
      if case .runs = next { wasSeen = true }
      (state, since) = (next, event.time)
    }
    add(end - since, in: state)
    guard wasSeen, isWhole else { return nil }
  }

  /// No time at all.
  public static let none = ThreadTime()

  private init() {}

  /// The mean of several starts; `nil` where there is none.
  public init?(meanOf times: [ThreadTime]) {
    guard !times.isEmpty else { return nil }
    let count = Double(times.count)
    running = times.map(\.running).reduce(0, +) / count
    queued = times.map(\.queued).reduce(0, +) / count
    for cause in Cause.allCases {
      blocked[cause] = times.map { $0.blocked[cause] ?? 0 }.reduce(0, +) / count
      let most = times.map { $0.sleeps[cause] ?? 0 }.reduce(0, +)
      sleeps[cause] = Int((Double(most) / count).rounded())
    }
  }

  private mutating func add(_ seconds: Double, in state: State) {
    switch state {
    case .runs: running += seconds
    case .waits: queued += seconds
    case .sleeps(let cause): blocked[cause, default: 0] += seconds
    }
  }

  /// The kernel's functions by which a wait is known, the first that fits counting.
  private static let signs: [(Cause, [String])] = [
    (.exit, [" do_exit", " do_group_exit"]),
    (.exec, ["execve"]),
    (.pageFault, ["exc_page_fault", " handle_mm_fault"]),
    (.lock, ["futex"]),
    (.open, ["do_sys_open"]),
    (.status, ["statx", "newstat", "newfstat", "newlstat", "vfs_fstat"]),
    (.list, ["getdents"]),
    (.read, ["vfs_read", "ksys_read"]),
  ]

  private static func cause(of stack: some Sequence<Substring>) -> Cause {
    let frames = Array(stack)
    return signs.first { sign in
      frames.contains { frame in sign.1.contains { frame.contains($0) } }
    }?.0 ?? .other
  }
}

/// One line of `perf script`.
private struct Event {
  let time: Double
  var previous: Int?
  var next: Int?
  var woken: Int?
  var isPreempted = false

  init?(_ line: Substring) {
    let words = line.split(separator: " ", maxSplits: 3)
    guard words.count == 4, let time = Double(words[1].dropLast()) else { return nil }
    self.time = time
    let rest = words[3]
    if words[2] == "sched:sched_switch:" {
      previous = rest.number(after: " prev_pid=")
      next = rest.number(after: " next_pid=")
      isPreempted = rest.contains(" prev_state=R")
    } else if words[2].hasPrefix("sched:sched_wakeup") {
      woken = rest.number(after: " pid=")
    }
  }
}

extension Substring {
  /// The number that follows `key`, which occurs last where a name imitates it.
  fileprivate func number(after key: String) -> Int? {
    guard let range = self.ranges(of: key).last else { return nil }
    return Int(self[range.upperBound...].prefix { $0.isNumber })
  }
}
