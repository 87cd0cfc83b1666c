internal import CLinux

/// A copy of this process that works ahead of what this process becomes, and has ended by then.
///
/// It ends with this process whatever ends that, sends no SIGCHLD and is found by no wait(2) but one with
/// `__WALL`: if a file system holds it in the kernel for longer than anybody waits, the program that this
/// process has become by then hears nothing of it. Nothing but a process of one thread may have one.
@safe struct Forerunner: ~Copyable {
  private let identifier: Int32
  /// The end of a pipe that hears of progress, and of the end.
  private let ear: Int32

  /// How long is waited without any progress, before the first and after it, and in all; milliseconds.
  ///
  /// The first is reading the record, which the program itself would not wait for. All else it would read
  /// in any case: so slow a server is not worth a copy that runs, and its answers come to those who ask.
  private static let patience = (first: 100, next: 250, all: 5000)
  /// How long an end that must come is waited for, milliseconds.
  private static let farewell = 20

  /// Starts `body`, which says that it gets on by what it is given; throws where that cannot be had.
  init(_ body: (Progress) -> Void) throws(Errno) {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe2(&ends, O_CLOEXEC | O_NONBLOCK) == 0 else { throw Errno.last }
    let parent = getpid()
    let child = importahead_clone_without_signal()
    if child == 0 {
      if Self.settle(parent: parent, voice: ends[1]) { body(Progress()) }
      _exit(0)
    }
    let refusal = Errno.last
    _ = close(ends[1])
    guard child > 0 else {
      _ = close(ends[0])
      throw refusal
    }
    identifier = child
    ear = ends[0]
  }

  /// Says that the work gets on.
  struct Progress: Sendable {
    fileprivate init() {}

    /// Says it, on any thread.
    func report() {
      var step: UInt8 = 0
      _ = unsafe write(Forerunner.voice, &step, 1)
    }
  }

  /// The number of the only descriptor in the copy.
  private static let voice: Int32 = 0

  /// Leaves nothing of this process to the copy; `false` where that is refused.
  private static func settle(parent: Int32, voice end: Int32) -> Bool {
    // Had the parent ended before the request, nobody would end this process.
    guard importahead_die_with_parent() == 0, getppid() == parent,
      end == voice || dup2(end, voice) == voice, unsafe chdir("/") == 0
    else { return false }
    // Kept open, the rest could keep somebody waiting at the end of a pipe, or a file system busy.
    if close_range(1, UInt32.max, 0) == 0 { return true }
    var limit = rlimit()
    _ = unsafe getrlimit(RLIMIT_NOFILE, &limit)
    let highest = Int32(truncatingIfNeeded: Swift.min(limit.rlim_cur, 65_536))
    for number in 0..<highest where number != voice { _ = close(number) }
    return true
  }

  /// Returns when it has ended, or is gone as good as can be had where it does not get on.
  consuming func finish() {
    let deadline = Instant.now.adding(milliseconds: Self.patience.all)
    var patience = Self.patience.first
    while !hasHungUp(within: patience), Instant.now < deadline, hasProgressed {
      patience = Self.patience.next
    }
    _ = close(ear)
    _ = kill(identifier, SIGKILL)
    let end = Instant.now.adding(milliseconds: Self.farewell)
    // What has hung up has little left to do, but that may be slow: a file system hears of each close.
    while importahead_reap(identifier) == 0, Instant.now < end { Thread.sleep(milliseconds: 1) }
  }

  /// Whether it has come to its end; waits for that, and for nothing else.
  private func hasHungUp(within milliseconds: Int) -> Bool {
    var end = pollfd(fd: ear, events: 0, revents: 0)
    let deadline = Instant.now.adding(milliseconds: milliseconds)
    while true {
      let left = (deadline.nanoseconds &- Instant.now.nanoseconds) / 1_000_000
      let count = unsafe poll(&end, 1, Int32(truncatingIfNeeded: Swift.max(left, 0)))
      if count >= 0 || importahead_errno() != EINTR { return count != 0 }
    }
  }

  /// Whether it has said anything since this was asked last.
  private var hasProgressed: Bool {
    var steps = [UInt8](repeating: 0, count: 4096)
    let size = steps.count
    return unsafe read(ear, &steps, size) > 0
  }
}
