/// What there is beside the program where it runs, of everything that reading ahead takes as well.
///
/// Only files are read to find out, by calls that no sandbox punishes. To be asked on a session's thread:
/// that takes about 100 us.
struct Room {
  /// The limits on memory that are worth a look, nearest first.
  var memory: [MemoryLimit] = []
  /// Bytes of address space, and of private memory, that the process may still have (RLIMIT_AS,
  /// RLIMIT_DATA).
  var addresses = Int.max
  /// Processes and threads that may still be started: a ring's workers count as well.
  var tasks = Int.max
  /// Processors that may be used all the time: those allowed, or fewer if a quota is smaller.
  var processors = 1
  /// Seconds of processor time (RLIMIT_CPU).
  var processorTime = Int.max
  /// Descriptors (RLIMIT_NOFILE).
  var descriptors = Int.max
  /// Whether threads run before all others and for as long as they like (sched(7)): ours would too.
  var isRealTime = false

  /// Limits on a user's tasks from here on are believed to leave room: how many there are is not told.
  private static let manyTasks = 1024
  /// The share of them that is taken to be free.
  private static let freeShare = 8

  /// Room without bounds, to be filled in.
  init() {}

  /// Looks at the files below `root`, which is empty but in tests.
  init(below root: [UInt8]) {
    func text(_ name: String) -> KernelText? { KernelText(root + Array(name.utf8)) }
    let groups = ControlGroups(below: root)
    memory = Self.memory(groups, below: root)
    let status = text("/proc/self/status")
    if let limits = text("/proc/self/limits") {
      readLimits(limits, status)
    } else {
      tasks = 0
    }
    tasks = Swift.min(tasks, Self.tasks(groups))
    let allowed = status.map(Self.allowedProcessors) ?? 1
    processors = Swift.max(1, Swift.min(allowed, Self.quota(groups)))
    isRealTime = text("/proc/thread-self/stat").map(Self.isRealTime) ?? false
  }

  private static func memory(_ groups: ControlGroups, below root: [UInt8]) -> [MemoryLimit] {
    let branch = groups[.memory]
    let limits = branch?.directories.compactMap {
      MemoryLimit(group: $0, isUnified: branch?.isUnified ?? false)
    }
    return (limits ?? []) + [MemoryLimit(hostBelow: root)]
  }

  /// Reads `/proc/self/limits`: a name, the soft limit, the hard one, and a unit.
  private mutating func readLimits(_ limits: KernelText, _ status: KernelText?) {
    func soft(_ name: String) -> Int { limits.number(after: name) ?? Int.max }
    // The kernel counts in pages, and tells in kibibytes.
    func left(_ limit: Int, _ used: String) -> Int {
      guard limit < Int.max else { return limit }
      return Swift.max(0, limit &- (status?.number(after: used) ?? 0) &* 1024)
    }
    addresses = Swift.min(
      left(soft("Max address space"), "VmSize:"), left(soft("Max data size"), "VmData:"))
    processorTime = soft("Max cpu time")
    descriptors = soft("Max open files")
    let most = soft("Max processes")
    if most < Int.max { tasks = most < Self.manyTasks ? 0 : most / Self.freeShare }
  }

  /// Tasks that may be started in the groups of the process.
  private static func tasks(_ groups: ControlGroups) -> Int {
    var least = Int.max
    for directory in groups[.tasks]?.directories ?? [] {
      guard let most = ControlGroups.Branch.text("pids.max", in: directory)?.number else {
        continue
      }
      let present = ControlGroups.Branch.text("pids.current", in: directory)?.number ?? most
      least = Swift.min(least, Swift.max(0, most &- present))
    }
    return least
  }

  /// The whole processors that the groups' quotas amount to: time in a period, microseconds.
  private static func quota(_ groups: ControlGroups) -> Int {
    guard let branch = groups[.processors] else { return Int.max }
    var least = Int.max
    for directory in branch.directories {
      var (time, period): (Int?, Int?)
      if branch.isUnified {
        let words = ControlGroups.Branch.text("cpu.max", in: directory)?.lines.first
          .map(KernelText.words)
        (time, period) = (
          words?.first.flatMap(Decimal.number), words?.last.flatMap(Decimal.number)
        )
      } else {
        // Without a quota it is -1.
        time = ControlGroups.Branch.text("cpu.cfs_quota_us", in: directory)?.number
        period = ControlGroups.Branch.text("cpu.cfs_period_us", in: directory)?.number
      }
      if let time, let period, period > 0 { least = Swift.min(least, time / period) }
    }
    return least
  }

  /// How many bits the mask of allowed processors has: words of hexadecimal digits, parted by commas.
  private static func allowedProcessors(inStatus text: KernelText) -> Int {
    let mask = text.words(after: "Cpus_allowed:").first ?? []
    return mask.reduce(0) { count, digit in
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): count &+ (digit &- 0x30).nonzeroBitCount
      case UInt8(ascii: "a")...UInt8(ascii: "f"): count &+ (digit &- 0x57).nonzeroBitCount
      default: count
      }
    }
  }

  /// Whether the policy, the 41st field of a `stat`, is SCHED_FIFO, SCHED_RR or SCHED_DEADLINE.
  ///
  /// The second field is a name in parentheses, which may hold anything.
  private static func isRealTime(inStat text: KernelText) -> Bool {
    guard let end = text.bytes.lastIndex(of: UInt8(ascii: ")")) else { return false }
    let fields = KernelText.words(in: text.bytes[(end &+ 1)...])
    guard fields.count > 38, let policy = Decimal.number(fields[38]) else { return false }
    return policy == 1 || policy == 2 || policy == 6
  }
}
