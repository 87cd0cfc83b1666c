internal import CLinux

/// How many processes and threads may still be made here, as far as that can be told beforehand.
enum TaskRoom {
  /// Fewer than this many in all, and a limit is one that others count on.
  private static let plenty = 4096

  /// The least that limits leave, of this user's processes (RLIMIT_NPROC) and of any control group
  /// (pids.max, cgroups(7)); `nil` where nothing near limits them.
  static var left: Int? {
    var least: Int?
    var limit = rlimit()
    // How many the user has is in no file. The superuser's are not counted.
    if getuid() != 0, unsafe importahead_process_limit(&limit) == 0, limit.rlim_cur < UInt(plenty) {
      least = Int(limit.rlim_cur) / 16
    }
    for directory in groups(Confinement.contents(of: Array("/proc/self/cgroup".utf8)) ?? []) {
      guard let most = number(directory + Array("/pids.max".utf8)), most < plenty,
        let present = number(directory + Array("/pids.current".utf8))
      else { continue }
      least = Swift.min(least ?? Int.max, Swift.max(most &- present, 0))
    }
    return least
  }

  /// The directories of the control groups that a `/proc/PID/cgroup` names, each with those above it.
  static func groups(_ text: [UInt8]) -> [[UInt8]] {
    var found: [[UInt8]] = []
    for line in text.split(separator: UInt8(ascii: "\n")) {
      let fields = line.split(
        separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      let isUnified = fields[0].elementsEqual("0".utf8) && fields[1].isEmpty
      guard isUnified || fields[1].elementsEqual("pids".utf8) else { continue }
      let root = Array((isUnified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/pids").utf8)
      // In a container the path may be one outside: then what counts is mounted at the root.
      var path = Array(fields[2])
      while let slash = path.lastIndex(of: PathBytes.slash) {
        found.append(root + (path.count > 1 ? path : []))
        if path.count == 1 { break }
        path = Array(path[..<(slash == 0 ? 1 : slash)])
      }
    }
    return found
  }

  /// The number that a file holds; `nil` for `max`, and where there is no such file.
  private static func number(_ path: [UInt8]) -> Int? {
    guard let text = Confinement.contents(of: path) else { return nil }
    var value = 0
    for digit in text where digit != UInt8(ascii: "\n") {
      guard (0x30...0x39).contains(digit) else { return nil }
      value = value &* 10 &+ Int(digit &- 0x30)
      guard value < 1 << 40 else { return nil }
    }
    return value
  }
}
