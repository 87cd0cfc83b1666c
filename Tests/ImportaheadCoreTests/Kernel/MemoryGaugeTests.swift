import Testing

@testable import ImportaheadCore

@Suite("Memory gauge", .serialized)
struct MemoryGaugeTests {
  /// A group of 400 MiB, 100 of them used, some of them of old files.
  private func begin(
    _ hierarchy: FakeKernel.Hierarchy, used: Int = 100, idle: Int = 0
  ) throws -> (FakeKernel, MemoryGauge) {
    let kernel = try FakeKernel()
    try kernel.enter(hierarchy)
    try kernel.tell(memory: hierarchy, "/a/b", limit: 400 << 20, used: used << 20, idle: idle << 20)
    return (kernel, MemoryGauge(Room(below: kernel.root).memory))
  }

  private func reading(
    _ hierarchy: FakeKernel.Hierarchy, used: Int, idle: Int = 0, met: Int = 0, read: Int = 0
  ) throws -> MemoryGauge.Reading {
    var (kernel, gauge) = try begin(hierarchy)
    try kernel.tell(
      memory: hierarchy, "/a/b", limit: 400 << 20, used: used << 20, idle: idle << 20, met: met)
    return gauge.reading(after: read << 20)
  }

  @Test(
    "as long as half of the room is left all may go on", arguments: FakeKernel.Hierarchy.allCases)
  func ample(hierarchy: FakeKernel.Hierarchy) throws {
    #expect(try reading(hierarchy, used: 249) == .ample)
    #expect(try reading(hierarchy, used: 249, met: 5) == .ample)
  }

  @Test("with less the page cache is left alone", arguments: FakeKernel.Hierarchy.allCases)
  func tight(hierarchy: FakeKernel.Hierarchy) throws {
    #expect(try reading(hierarchy, used: 251) == .tight)
    #expect(try reading(hierarchy, used: 324) == .tight)
  }

  @Test(
    "with a quarter, or where the limit is met, all is over",
    arguments: FakeKernel.Hierarchy.allCases)
  func short(hierarchy: FakeKernel.Hierarchy) throws {
    #expect(try reading(hierarchy, used: 326) == .short)
    #expect(try reading(hierarchy, used: 251, met: 1) == .short)
    #expect(try reading(hierarchy, used: 400, met: 90) == .short)
  }

  @Test(
    "what we have read lies there unused too, and is not to be given up",
    arguments: FakeKernel.Hierarchy.allCases)
  func own(hierarchy: FakeKernel.Hierarchy) throws {
    #expect(try reading(hierarchy, used: 300, idle: 180, met: 3, read: 0) == .ample)
    #expect(try reading(hierarchy, used: 300, idle: 180, met: 3, read: 170) == .short)
  }

  @Test(
    "a group full of old files is not short of memory", arguments: FakeKernel.Hierarchy.allCases)
  func full(hierarchy: FakeKernel.Hierarchy) throws {
    var (kernel, gauge) = try begin(hierarchy, used: 400, idle: 320)
    #expect(gauge.room == 160 << 20)
    try kernel.tell(
      memory: hierarchy, "/a/b", limit: 400 << 20, used: 400 << 20, idle: 300 << 20, met: 4000)
    #expect(gauge.reading(after: 30 << 20) == .ample)
  }

  @Test("a host with plenty is looked at once")
  func plenty() throws {
    let kernel = try FakeKernel()
    let gauge = MemoryGauge(Room(below: kernel.root).memory)
    #expect(!gauge.isNeeded)
  }
}
