import Testing

@testable import ImportaheadCore

/// What a kernel would tell of a process, in files below a directory.
struct FakeKernel {
  let tree: TemporaryTree
  var root: [UInt8] { tree.bytes("") }

  /// The kinds of hierarchy that a system has.
  enum Hierarchy: CaseIterable {
    case unified, separate
  }

  /// A process without limits, on four processors, with 20 GB to spare.
  init() throws {
    tree = try TemporaryTree()
    try tell(
      "/proc/self/status", "Name:\tx\nVmSize:\t  20480 kB\nVmData:\t  10240 kB\nCpus_allowed:\tf\n")
    try tell("/proc/meminfo", "MemTotal: 24000000 kB\nMemFree: 1 kB\nMemAvailable:   20000000 kB\n")
    try tell(policy: 0)
    try tell(limits: [:])
  }

  func tell(_ path: String, _ text: String) throws {
    try tree.write(String(path.dropFirst()), text)
  }

  /// Fields up to the 41st, behind a name that looks like the end of one.
  func tell(policy: Int) throws {
    let zeros = repeatElement("0", count: 37).joined(separator: " ")
    try tell("/proc/thread-self/stat", "7 (a) S 9) R \(zeros) \(policy) 0 0\n")
  }

  /// `/proc/self/limits` with these soft limits, and none else.
  func tell(limits: [String: Int]) throws {
    let names = [
      "cpu time", "file size", "data size", "stack size", "processes", "open files",
      "address space",
    ]
    let lines = names.map { name in
      let soft = limits[name].map { "\($0)" } ?? "unlimited"
      return "Max \(name)".padded(to: 26) + soft.padded(to: 21) + "unlimited".padded(to: 21) + "x\n"
    }
    try tell(
      "/proc/self/limits",
      "Limit                     Soft Limit           Hard Limit           Units\n"
        + lines.joined())
  }

  /// Puts the process into the group `/a/b`, where the hierarchies are mounted from `mountRoot` on.
  func enter(_ hierarchy: Hierarchy, group: String = "/a/b", mountRoot: String = "/") throws {
    var mounts = "20 1 8:1 / / rw,relatime shared:1 - ext4 /dev/x rw\n"
    switch hierarchy {
    case .unified:
      try tell("/proc/self/cgroup", "0::\(group)\n")
      mounts +=
        "30 20 0:26 \(mountRoot) /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
    case .separate:
      try tell(
        "/proc/self/cgroup",
        "9:name=systemd:/x\n5:pids:\(group)\n4:memory:\(group)\n2:cpu,cpuacct:\(group)\n0::/\n")
      for (name, place) in [
        ("name=systemd", "systemd"), ("cpu,cpuacct", "cpu,cpuacct"), ("memory", "memory"),
        ("pids", "pids"),
      ] {
        mounts += "31 20 0:27 \(mountRoot) /sys/fs/cgroup/\(place) rw - cgroup cgroup rw,\(name)\n"
      }
      mounts += "40 20 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
    }
    try tell("/proc/self/mountinfo", mounts)
  }

  /// What a group's directory says of memory, in bytes.
  func tell(
    memory hierarchy: Hierarchy, _ group: String, limit: Int?, high: Int? = nil, used: Int,
    idle: Int = 0, met: Int = 0
  ) throws {
    let most = limit.map { "\($0)" }
    switch hierarchy {
    case .unified:
      let place = "/sys/fs/cgroup\(group)"
      try tell("\(place)/memory.max", (most ?? "max") + "\n")
      try tell("\(place)/memory.high", (high.map { "\($0)" } ?? "max") + "\n")
      try tell("\(place)/memory.current", "\(used)\n")
      try tell("\(place)/memory.stat", "anon 5\ninactive_file \(idle)\nactive_file 9\n")
      try tell("\(place)/memory.events", "low 0\nhigh 900\nmax 900\noom 0\n")
      try tell("\(place)/memory.events.local", "low 0\nhigh 0\nmax \(met)\noom 0\n")
    case .separate:
      let place = "/sys/fs/cgroup/memory\(group)"
      try tell("\(place)/memory.limit_in_bytes", (most ?? "9223372036854771712") + "\n")
      try tell("\(place)/memory.usage_in_bytes", "\(used)\n")
      try tell("\(place)/memory.failcnt", "\(met)\n")
      try tell("\(place)/memory.stat", "inactive_file 1\ntotal_inactive_file \(idle)\n")
    }
  }

  /// The directory of a group's files on tasks.
  func tasks(_ hierarchy: Hierarchy, _ group: String) -> String {
    "/sys/fs/cgroup\(hierarchy == .separate ? "/pids" : "")\(group)"
  }

  /// Gives a group a quota, in microseconds; none where that is `nil`.
  func tell(quota time: Int?, of period: Int, _ hierarchy: Hierarchy, _ group: String) throws {
    switch hierarchy {
    case .unified:
      let most = time.map { "\($0)" } ?? "max"
      try tell("/sys/fs/cgroup\(group)/cpu.max", "\(most) \(period)\n")
    case .separate:
      try tell("/sys/fs/cgroup/cpu,cpuacct\(group)/cpu.cfs_quota_us", "\(time ?? -1)\n")
      try tell("/sys/fs/cgroup/cpu,cpuacct\(group)/cpu.cfs_period_us", "\(period)\n")
    }
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String {
    self + String(repeating: " ", count: Swift.max(0, width - count))
  }
}
