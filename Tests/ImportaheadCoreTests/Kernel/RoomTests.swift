import Testing

@testable import ImportaheadCore

@Suite("Room")
struct RoomTests {
  private static let mebibyte = 1 << 20

  @Test("where nothing limits anything there is room for everything")
  func unlimited() throws {
    let kernel = try FakeKernel()
    let room = Room(below: kernel.root)
    #expect(room.tasks == Int.max)
    #expect(room.addresses == Int.max)
    #expect(room.processorTime == Int.max)
    #expect(room.descriptors == Int.max)
    #expect(room.processors == 4)
    #expect(!room.isRealTime)
    #expect(MemoryGauge(room.memory).room == 20_000_000 * 1024)
    #expect(FetchLimits().fitting(room, memory: 1 << 40) != nil)
  }

  @Test("where the kernel tells nothing nothing is started")
  func untold() throws {
    let tree = try TemporaryTree()
    let room = Room(below: tree.bytes(""))
    #expect(room.tasks == 0)
    #expect(room.processors == 1)
    #expect(FetchLimits().fitting(room, memory: 1 << 40) == nil)
  }

  @Test(
    "the tightest limit on memory counts, be it on a group above",
    arguments: FakeKernel.Hierarchy.allCases)
  func memory(hierarchy: FakeKernel.Hierarchy) throws {
    let kernel = try FakeKernel()
    try kernel.enter(hierarchy)
    try kernel.tell(memory: hierarchy, "/a/b", limit: 500 << 20, used: 100 << 20)
    try kernel.tell(memory: hierarchy, "/a", limit: 300 << 20, used: 200 << 20, idle: 50 << 20)
    try kernel.tell(memory: hierarchy, "", limit: nil, used: 900 << 20)
    #expect(MemoryGauge(Room(below: kernel.root).memory).room == 125 << 20)
  }

  @Test("above memory.high a group is throttled")
  func throttled() throws {
    let kernel = try FakeKernel()
    try kernel.enter(.unified)
    try kernel.tell(memory: .unified, "/a/b", limit: 500 << 20, high: 80 << 20, used: 30 << 20)
    #expect(MemoryGauge(Room(below: kernel.root).memory).room == 50 << 20)
  }

  @Test(
    "a container that sees only its own part finds its limit there",
    arguments: FakeKernel.Hierarchy.allCases,
    [("/a/b", "/a/b"), ("/", "/"), ("/../c", "/"), ("/x", "/a")])
  func container(hierarchy: FakeKernel.Hierarchy, paths: (group: String, root: String)) throws {
    let kernel = try FakeKernel()
    try kernel.enter(hierarchy, group: paths.group, mountRoot: paths.root)
    try kernel.tell(memory: hierarchy, "", limit: 96 << 20, used: 16 << 20)
    #expect(MemoryGauge(Room(below: kernel.root).memory).room == 80 << 20)
  }

  @Test("of a limit whose use is not told half is left", arguments: FakeKernel.Hierarchy.allCases)
  func unknownUse(hierarchy: FakeKernel.Hierarchy) throws {
    let kernel = try FakeKernel()
    try kernel.enter(hierarchy)
    try kernel.tell(memory: hierarchy, "/a/b", limit: 96 << 20, used: 16 << 20)
    let name = hierarchy == .unified ? "a/b/memory.current" : "memory/a/b/memory.usage_in_bytes"
    try kernel.tell("/sys/fs/cgroup/\(name)", "?\n")
    #expect(MemoryGauge(Room(below: kernel.root).memory).room == 48 << 20)
  }

  @Test("a small host counts like a group")
  func smallHost() throws {
    let kernel = try FakeKernel()
    try kernel.tell("/proc/meminfo", "MemTotal: 262144 kB\nMemAvailable: 51200 kB\n")
    #expect(MemoryGauge(Room(below: kernel.root).memory).room == 50 << 20)
  }

  @Test("the fewest tasks that any group leaves count", arguments: FakeKernel.Hierarchy.allCases)
  func tasks(hierarchy: FakeKernel.Hierarchy) throws {
    let kernel = try FakeKernel()
    try kernel.enter(hierarchy)
    try kernel.tell("\(kernel.tasks(hierarchy, "/a/b"))/pids.max", "max\n")
    try kernel.tell("\(kernel.tasks(hierarchy, "/a"))/pids.max", "100\n")
    try kernel.tell("\(kernel.tasks(hierarchy, "/a"))/pids.current", "30\n")
    try kernel.tell("\(kernel.tasks(hierarchy, ""))/pids.max", "1000\n")
    try kernel.tell("\(kernel.tasks(hierarchy, ""))/pids.current", "200\n")
    #expect(Room(below: kernel.root).tasks == 70)
    try kernel.tell("\(kernel.tasks(hierarchy, ""))/pids.current", "?\n")
    #expect(Room(below: kernel.root).tasks == 0)
  }

  @Test(
    "a user's limit on tasks counts, although nobody tells how many there are",
    arguments: [(30_000, 3750), (1024, 128), (1023, 0), (20, 0)])
  func userTasks(limit: Int, expected: Int) throws {
    let kernel = try FakeKernel()
    try kernel.tell(limits: ["processes": limit])
    #expect(Room(below: kernel.root).tasks == expected)
  }

  @Test("limits of the process count less what it has")
  func processLimits() throws {
    let kernel = try FakeKernel()
    try kernel.tell(limits: ["address space": 100 << 20, "cpu time": 9, "open files": 40])
    var room = Room(below: kernel.root)
    #expect(room.addresses == 80 << 20)
    #expect(room.processorTime == 9)
    #expect(room.descriptors == 40)
    try kernel.tell(limits: ["data size": 30 << 20])
    room = Room(below: kernel.root)
    #expect(room.addresses == 20 << 20)
  }

  @Test(
    "a quota is worth its whole processors, and the smallest counts",
    arguments: FakeKernel.Hierarchy.allCases)
  func quota(hierarchy: FakeKernel.Hierarchy) throws {
    let kernel = try FakeKernel()
    try kernel.enter(hierarchy)
    try kernel.tell(quota: nil, of: 100_000, hierarchy, "/a/b")
    #expect(Room(below: kernel.root).processors == 4)
    try kernel.tell(quota: 250_000, of: 100_000, hierarchy, "/a/b")
    #expect(Room(below: kernel.root).processors == 2)
    try kernel.tell(quota: 5_000, of: 10_000, hierarchy, "/a")
    #expect(Room(below: kernel.root).processors == 1)
  }

  @Test(
    "processors are those of the mask",
    arguments: [("f", 4), ("1", 1), ("00000000,000a0003", 4), ("", 1)])
  func mask(text: String, expected: Int) throws {
    let kernel = try FakeKernel()
    try kernel.tell("/proc/self/status", "Cpus_allowed:\t\(text)\nCpus_allowed_list:\t0-3\n")
    #expect(Room(below: kernel.root).processors == expected)
  }

  @Test(
    "threads that run before all others are none of ours",
    arguments: [(0, true), (1, false), (2, false), (3, true), (5, true), (6, false)])
  func policy(number: Int, isServed: Bool) throws {
    let kernel = try FakeKernel()
    try kernel.tell(policy: number)
    let room = Room(below: kernel.root)
    #expect((FetchLimits().fitting(room, memory: 1 << 40) != nil) == isServed)
  }

  @Test("any text is survived, and limits nothing but tasks")
  func garbage() throws {
    var random = SplitMix(state: 7)
    for _ in 0..<200 {
      let kernel = try FakeKernel()
      let words = [
        "-", "cgroup", "cgroup2", "/", ":", ",", "\n", " ", "0", "memory", "..",
        "99999999999999999999", "\u{0}",
      ]
      func text() -> String {
        (0..<Int.random(in: 0..<60, using: &random)).map { _ in
          words.randomElement(using: &random) ?? ""
        }
        .joined()
      }
      for name in ["cgroup", "mountinfo", "limits", "status"] {
        try kernel.tell("/proc/self/\(name)", text())
      }
      try kernel.tell("/proc/thread-self/stat", text())
      try kernel.tell("/proc/meminfo", text())
      let room = Room(below: kernel.root)
      _ = MemoryGauge(room.memory).room
      #expect(room.processors >= 1)
    }
  }

  @Test("of this machine something is told")
  func real() {
    let room = Room(below: [])
    #expect(room.processors >= 1)
    #expect(!room.isRealTime)
    #expect(MemoryGauge(room.memory).room > 0)
  }
}
