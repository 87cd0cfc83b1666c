import CLiburing
import Glibc
import Testing

@testable import ImportaheadCore

@Suite("Ring", .enabled(if: hasRing, "\(noRing)"))
struct RingTests {
  private let tree: TemporaryTree

  init() throws { tree = try SettledTree.shared.get() }

  private func deadline(_ milliseconds: Int = 10_000) -> Instant {
    Instant.now.adding(milliseconds: milliseconds)
  }

  @Test("a full queue says so, and has room again once it is handed over")
  func fullQueue() throws {
    var ring = try Ring(depth: 4, workers: 2)
    let operations = (0..<8).map { Operation(path: tree.bytes("many/\($0)"), verb: .status) }
    var taken: [Int] = []
    for (number, operation) in operations.enumerated() {
      let ticket = Ticket(rawValue: UInt64(number))
      if unsafe ring.prepare(operation, ticket: ticket) {
        taken.append(number)
      } else {
        #expect(number == 4)
        try ring.submit()
        #expect(unsafe ring.prepare(operation, ticket: ticket))
        taken.append(number)
      }
    }
    var results: [UInt64: Int32] = [:]
    let end = deadline()
    while results.count < taken.count, Instant.now < end {
      try ring.submitAndWait(until: end)
      while let completion = ring.nextCompletion() {
        #expect(results[completion.ticket.rawValue] == nil)
        results[completion.ticket.rawValue] = completion.result
      }
    }
    #expect(results == Dictionary(uniqueKeysWithValues: (0..<8).map { (UInt64($0), 0) }))
    #expect(operations.map { Int($0.status.size) } == (0..<8).map { $0 * 9 })
  }

  @Test(
    "workers alone do what may ask a server: to open, whatever is cached, and elsewhere all of it",
    arguments: [true, false])
  func neverBlocks(isLocal: Bool) {
    let operation = Operation(path: tree.bytes("files/normal"), verb: .open, isLocal: isLocal)
    for verb in [Operation.Verb.open, .status, .read, .close] {
      operation.verb = verb
      var entry = io_uring_sqe()
      unsafe operation.fill(&entry)
      #expect(entry.flags == (verb == .open || !isLocal ? 1 << 4 : 0), "IOSQE_ASYNC")
    }
  }

  @Test("what waits is ended by its ticket")
  func cancelling() throws {
    var ring = try Ring(depth: 4, workers: 2)
    let counter = try WakeCounter()
    defer { counter.close() }
    let (wake, cancel) = (Ticket(rawValue: 7), Ticket(rawValue: 8))
    #expect(unsafe ring.prepareWake(counter.descriptor, into: counter.landing, ticket: wake))
    try ring.submit()
    let isPrepared = ring.prepareCancel(of: wake, ticket: cancel)
    #expect(isPrepared)
    let end = deadline()
    var results: [UInt64: Int32] = [:]
    while results.count < 2, Instant.now < end {
      try ring.submitAndWait(until: end)
      while let completion = ring.nextCompletion() {
        results[completion.ticket.rawValue] = completion.result
      }
    }
    #expect(results[7] == -ECANCELED || results[7] == -EINTR)
    #expect(results.count == 2)
  }

  @Test("failures are results under their own tickets, not failures of the ring")
  func failures() throws {
    var ring = try Ring(depth: 8, workers: 2)
    let missing = Operation(path: tree.bytes("files/missing"), verb: .open)
    let below = Operation(path: tree.bytes("files/normal/below"), verb: .status)
    let closed = Operation(path: tree.bytes(""), verb: .read)
    for (number, operation) in [missing, below, closed].enumerated() {
      #expect(unsafe ring.prepare(operation, ticket: Ticket(rawValue: UInt64.max - UInt64(number))))
    }
    var results: [UInt64: Int32] = [:]
    let end = deadline()
    while results.count < 3, Instant.now < end {
      try ring.submitAndWait(until: end)
      while let completion = ring.nextCompletion() {
        results[UInt64.max - completion.ticket.rawValue] = completion.result
      }
    }
    #expect(results == [0: -ENOENT, 1: -ENOTDIR, 2: -EBADF])
  }

  @Test("waiting with nothing in flight ends at the deadline, at once if that has passed")
  func deadlines() throws {
    var ring = try Ring(depth: 4, workers: 2)
    let start = Instant.now
    try ring.submitAndWait(until: start.adding(milliseconds: 20))
    #expect(Instant.now >= start.adding(milliseconds: 20))
    try ring.submitAndWait(until: Instant(nanoseconds: 0))
    #expect(ring.nextCompletion() == nil)
    #expect(Instant.now < start.adding(milliseconds: 9000))
  }

  @Test("a counter that somebody adds to completes the read of it")
  func wake() throws {
    var ring = try Ring(depth: 4, workers: 2)
    let counter = try WakeCounter()
    defer { counter.close() }
    let ticket = Ticket(rawValue: 7)
    #expect(unsafe ring.prepareWake(counter.descriptor, into: counter.landing, ticket: ticket))
    try ring.submitAndWait(until: deadline(10))
    #expect(ring.nextCompletion() == nil)
    counter.wake()
    counter.wake()
    try ring.submitAndWait(until: deadline())
    #expect(ring.nextCompletion()?.result == 8)
    #expect(unsafe counter.landing.pointee == 2)
  }

  @Test("a ring and its counter leave no descriptor")
  func descriptors() throws {
    let counts = try inSession { () -> (Int, Int) in
      var during = 0
      for _ in 0..<20 {
        guard let ring = try? Ring(depth: 4, workers: 2), let counter = try? WakeCounter() else {
          return (-1, -1)
        }
        during = openDescriptors()
        counter.close()
        _ = consume ring
      }
      return (during, openDescriptors())
    }
    #expect(counts.0 == 2)
    #expect(counts.1 == 0)
  }
}
