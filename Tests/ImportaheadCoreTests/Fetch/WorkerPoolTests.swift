import Glibc
import Testing

@testable import ImportaheadCore

@Suite("WorkerPool")
struct WorkerPoolTests {
  private let tree: TemporaryTree

  init() throws { tree = try SettledTree.shared.get() }

  private func take(_ count: Int, from pool: WorkerPool) -> [FetchEvent] {
    var events: [FetchEvent] = []
    let deadline = Instant.now.adding(milliseconds: 20_000)
    while events.count < count, Instant.now < deadline {
      events += pool.takeEvents(waitingUntil: deadline)
    }
    return events
  }

  @Test("every job ends in one event, however few threads there are", arguments: [1, 4])
  func events(most: Int) throws {
    let pool = WorkerPool(most: most)
    for number in 0..<100 {
      try pool.submit(.file(FileFetch(statusOf: tree.bytes("many/\(number)"), isLocal: false)))
    }
    #expect(pool.inFlight == 100)
    var paths: [[UInt8]] = []
    for case .file(let fetch) in take(100, from: pool) { paths.append(fetch.path) }
    #expect(Set(paths).count == 100)
    #expect(pool.inFlight == 0)
    #expect(pool.close(milliseconds: 10_000))
    #expect(pool.processorTimeUsed > 0)
  }

  @Test("jobs that no thread has begun are dropped at the end")
  func closing() throws {
    let own = try TemporaryTree()
    try own.write("data", "")
    #expect(truncate(own.path("data"), 8 << 20) == 0)
    let pool = WorkerPool(most: 1)
    for _ in 0..<2000 { try pool.submit(.data(own.bytes("data"))) }
    #expect(pool.close(milliseconds: 10_000))
    #expect(pool.takeEvents(waitingUntil: nil).count < 2000)
    #expect(pool.close(milliseconds: 0))
  }

  @Test("a file that a thread is at when the pool closes is not read any further, but closed")
  func cutShort() throws {
    let fetch = FileFetch(
      contentsOf: tree.bytes("files/normal"), limit: 1 << 20, isLocal: false,
      from: FileBytesAllocator())
    var calls = 0
    fetch.performAll {
      calls += 1
      return calls < 2
    }
    #expect(fetch.operation.descriptor == -1)
    guard case .failed(let reason)? = fetch.outcome else {
      Issue.record("expected a failure")
      return
    }
    #expect(reason == .stopped)
  }

  @Test("a thread that dies without being told to is noticed")
  func lost() throws {
    let pool = WorkerPool(most: 2)
    try pool.submit(.list(tree.bytes("many"), nil))
    _ = take(1, from: pool)
    #expect(!pool.hasLostThread)
    #expect(pool.close(milliseconds: 10_000))
    #expect(!pool.hasLostThread)
  }

  @Test("a pool that was never used closes at once")
  func unused() {
    #expect(WorkerPool(most: 2).close(milliseconds: 0))
  }

  @Test("a file whose outcome was passed on before is only said to be closed")
  func reported() throws {
    let pool = WorkerPool(most: 1)
    let fetch = FileFetch(statusOf: tree.bytes("files/normal"), isLocal: false)
    fetch.isReported = true
    try pool.submit(.file(fetch))
    guard case .closed? = take(1, from: pool).first else {
      Issue.record("expected .closed")
      return
    }
    #expect(pool.close(milliseconds: 10_000))
  }

  @Test("a wake that comes before the wait is not lost, and counts once")
  func earlyWake() {
    let pool = WorkerPool(most: 1)
    pool.relayWake()
    let start = Instant.now
    #expect(pool.takeEvents(waitingUntil: start.adding(milliseconds: 10_000)).isEmpty)
    #expect(Instant.now < start.adding(milliseconds: 9000))
    let again = Instant.now
    #expect(pool.takeEvents(waitingUntil: again.adding(milliseconds: 20)).isEmpty)
    #expect(Instant.now >= again.adding(milliseconds: 20))
  }

  @Test("a directory does not wait behind files that are brought in as a whole")
  func bulk() throws {
    let pool = WorkerPool(most: 1)
    let own = try TemporaryTree()
    try own.write("data", "")
    #expect(truncate(own.path("data"), 8 << 20) == 0)
    for _ in 0..<300 { try pool.submit(.data(own.bytes("data"))) }
    try pool.submit(.list(tree.bytes("many"), nil))
    let order = take(301, from: pool).map { if case .listed = $0 { true } else { false } }
    #expect(order.count == 301)
    #expect(order.lastIndex(of: true) ?? 301 < 300)
    #expect(pool.close(milliseconds: 10_000))
  }
}
