import Testing

@testable import ImportaheadCore

@Suite("Fetch limits")
struct FetchLimitsTests {
  private func limits(tasks: Int = Int.max, memory: Int = 1 << 40, descriptors: Int = Int.max)
    -> FetchLimits?
  {
    var room = Room()
    room.tasks = tasks
    room.descriptors = descriptors
    return FetchLimits().fitting(room, memory: memory)
  }

  @Test("with room for everything nothing is less")
  func all() throws {
    let (fitting, most) = (try #require(limits()), FetchLimits())
    #expect(fitting.mayHaveRing)
    #expect(!fitting.mustLimitWorkers)
    #expect(fitting.ringWorkers == most.ringWorkers)
    #expect(fitting.threads == most.threads)
    #expect(fitting.threadsBesideRing == most.threadsBesideRing)
    #expect(fitting.filesInFlight == most.filesInFlight)
    #expect(fitting.bytesUnused == most.bytesUnused)
    #expect(fitting.pageBytes == most.pageBytes)
  }

  @Test("never more than an eighth of the tasks that are left are ours")
  func tasks() {
    for tasks in 0..<2000 {
      guard let fitting = limits(tasks: tasks) else {
        #expect(tasks < 32)
        continue
      }
      #expect(1 + fitting.threads <= tasks / 8)
      #expect(fitting.threads > 0 && fitting.threadsBesideRing > 0)
      guard fitting.mayHaveRing else { continue }
      // The session's thread, the pool's, the ring's workers, and its one for what nothing limits.
      let most = 2 + fitting.threadsBesideRing + Int(fitting.ringWorkers)
      #expect(most <= tasks / 8)
      #expect(fitting.mustLimitWorkers || most == 42)
    }
  }

  @Test("what is kept and what is read into the page cache are a share of the memory")
  func memory() throws {
    #expect(limits(memory: 63 << 20) == nil)
    let small = try #require(limits(memory: 80 << 20))
    #expect(small.bytesUnused == 5 << 20)
    #expect(small.pageBytes == 10 << 20)
  }

  @Test("few descriptors are shared by few files")
  func descriptors() throws {
    #expect(limits(descriptors: 5) == nil)
    #expect(limits(descriptors: 16) == nil)
    #expect(try #require(limits(descriptors: 40)).filesInFlight == 6)
    #expect(try #require(limits(descriptors: 256)).filesInFlight == 32)
  }

  @Test("too little of anything means no session")
  func least() {
    var room = Room()
    room.addresses = 511 << 20
    #expect(FetchLimits().fitting(room, memory: 1 << 40) == nil)
    room = Room()
    room.processorTime = 29
    #expect(FetchLimits().fitting(room, memory: 1 << 40) == nil)
  }
}
