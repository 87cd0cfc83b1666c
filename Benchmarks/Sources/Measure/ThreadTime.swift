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
    case runs
    /// Since it was woken: a processor that idles begins to run it at once, and some kernels say nothing
    /// of that.
    case isWoken
    case waits
    case sleeps(Cause)
  }

  /// Reads a trace of `sched_switch`, with stack traces, and `sched_wakeup` as tracefs prints it; times are
  /// seconds of the trace's clock.
  ///
  /// `nil` where the thread is not seen.
  public init?(trace: String, thread: Int, from begin: Double, to end: Double) {
    var (state, since, wasSeen) = (State.isWoken, begin, false)
    var lines = trace.split(separator: "\n")[...]
    while let line = lines.popFirst() {
      guard let event = Event(line), event.time >= begin, event.time <= end else { continue }
      let next: State
      if event.previous == thread {
        // What runs now was woken before, if nobody said more.
        if case .isWoken = state { state = .runs }
        next = event.isPreempted ? .waits : .sleeps(.other)
        wasSeen = true
      } else if event.next == thread {
        if case .isWoken = state { state = .waits }
        next = .runs
      } else if event.woken == thread, case .sleeps(let cause) = state {
        sleeps[cause, default: 0] += 1
        next = .isWoken
      } else if event.stack == thread, case .sleeps(.other) = state {
        state = .sleeps(Self.cause(of: lines.prefix { $0.hasPrefix(" => ") }))
        continue
      } else {
        continue
      }
      add(event.time - since, in: state)
      (state, since) = (next, event.time)
    }
    if case .isWoken = state { state = .runs }
    add(end - since, in: state)
    guard wasSeen else { return nil }
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
    case .isWoken, .waits: queued += seconds
    case .sleeps(let cause): blocked[cause, default: 0] += seconds
    }
  }

  /// The kernel's functions by which a wait is known, the first that fits counting.
  private static let signs: [(Cause, [String])] = [
    (.exit, ["do_exit", "do_group_exit"]),
    (.exec, ["execve"]),
    (.pageFault, ["exc_page_fault", "handle_mm_fault"]),
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

/// One line of a trace: `python-7 [001] d..2. 12.345678: sched_switch: prev_comm=…`.
private struct Event {
  let time: Double
  var previous: Int?
  var next: Int?
  var woken: Int?
  /// The thread whose stack follows.
  var stack: Int?
  var isPreempted = false

  init?(_ line: Substring) {
    guard let bracket = line.firstRange(of: "] ") else { return nil }
    let words = line[bracket.upperBound...].split(separator: " ", maxSplits: 3)
    guard words.count >= 3, let time = Double(words[1].dropLast()) else { return nil }
    self.time = time
    switch words[2] {
    case "sched_switch:":
      let rest = words[3]
      previous = rest.number(after: "prev_pid=")
      next = rest.number(after: " next_pid=")
      isPreempted = rest.contains(" prev_state=R")
    case "sched_wakeup:", "sched_wakeup_new:": woken = words[3].number(after: " pid=")
    case "<stack":
      let task = line[..<bracket.lowerBound].split(separator: " ").dropLast().last
      stack = task.flatMap { Int($0[($0.lastIndex(of: "-") ?? $0.startIndex)...].dropFirst()) }
    default: return nil
    }
  }
}

extension Substring {
  /// The number that follows `key`; its last occurrence counts, as a task's name may imitate it.
  fileprivate func number(after key: String) -> Int? {
    guard let range = ranges(of: key).last else { return nil }
    return Int(self[range.upperBound...].prefix { $0.isNumber })
  }
}
