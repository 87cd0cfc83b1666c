import Glibc
import Testing

@testable import ImportaheadCore

@Suite("Fetcher")
struct FetcherTests {
  private let tree: TemporaryTree

  init() throws { tree = try SettledTree.shared.get() }

  private static func limits(inFlight: Int = 96) -> FetchLimits {
    var limits = FetchLimits()
    limits.filesInFlight = inFlight
    return limits
  }

  /// Starts every fetch as there is room, or all at once, and waits for all of them.
  private static func run(
    _ fetches: [FileFetch], on fetcher: Fetcher, respectingRoom: Bool
  ) -> [FileFetch] {
    var rest = fetches[...]
    var finished: [FileFetch] = []
    let deadline = Instant.now.adding(milliseconds: 20_000)
    while !rest.isEmpty || fetcher.inFlight > 0, Instant.now < deadline {
      while let next = rest.first, !respectingRoom || fetcher.room > 0 {
        rest.removeFirst()
        guard (try? fetcher.start(next)) != nil else { return finished }
      }
      for case .file(let fetch) in fetcher.wait(until: deadline) { finished.append(fetch) }
    }
    return finished
  }

  /// The time that `work` takes on the thread that owns a fetcher, in milliseconds.
  private static func time(
    on backend: Backend, _ work: @escaping (Fetcher, Instant) -> Void
  ) throws -> Int {
    try inSession {
      let fetcher = Fetcher(wanted: backend, limits: limits())
      defer { fetcher.close(milliseconds: 1000) }
      let start = Instant.now
      work(fetcher, start)
      return (Instant.now.nanoseconds - start.nanoseconds) / 1_000_000
    }
  }

  @Test("the back end is the one asked for", arguments: backends)
  func backend(wanted: Backend) throws {
    let found = try inSession { () -> Backend in
      let fetcher = Fetcher(wanted: wanted, limits: Self.limits())
      defer { fetcher.close(milliseconds: 100) }
      return fetcher.backend
    }
    #expect(found == wanted)
  }

  @Test(
    "every kind of file comes once, with what plain calls lead to", arguments: backends,
    [true, false])
  func kinds(backend: Backend, isLocal: Bool) throws {
    let paths = SettledTree.names.map { tree.bytes("files/\($0)") }
    let allocator = FileBytesAllocator()
    func fetches(isLocal: Bool) -> [FileFetch] {
      paths.map { FileFetch(contentsOf: $0, limit: 8000, isLocal: isLocal, from: allocator) }
        + paths.map { FileFetch(statusOf: $0, isLocal: isLocal) }
    }
    let expected = fetches(isLocal: false)
    for fetch in expected { fetch.performAll() }
    let found = fetches(isLocal: isLocal)
    let finished = try inSession { () -> [FileFetch] in
      let fetcher = Fetcher(wanted: backend, limits: Self.limits())
      defer { fetcher.close(milliseconds: 1000) }
      return Self.run(found, on: fetcher, respectingRoom: true)
    }
    #expect(finished.count == found.count)
    #expect(Set(finished.map(ObjectIdentifier.init)).count == found.count)
    #expect(found.map(\.summary) == expected.map(\.summary))
  }

  @Test(
    "many files come whole and leave no descriptor, more than fit the queue too",
    arguments: backends, [(96, true), (4, true), (2, false)])
  func many(backend: Backend, setting: (depth: Int, respectingRoom: Bool)) throws {
    let paths = (0..<500).map { tree.bytes("many/\($0)") }
    let outcome = try inSession { () -> (files: Int, wrong: Int, descriptors: Int, left: Int) in
      let allocator = FileBytesAllocator()
      let fetches = paths.map {
        FileFetch(contentsOf: $0, limit: 1 << 20, isLocal: false, from: allocator)
      }
      let fetcher = Fetcher(wanted: backend, limits: Self.limits(inFlight: setting.depth))
      let finished = Self.run(fetches, on: fetcher, respectingRoom: setting.respectingRoom)
      let left = fetcher.inFlight
      fetcher.close(milliseconds: 5000)
      var wrong = 0
      for (number, fetch) in fetches.enumerated() {
        guard case .contents(let bytes, _, _)? = fetch.outcome, bytes.count == number * 9 else {
          wrong += 1
          continue
        }
        let isRight = bytes.withPointer { start, count in
          (0..<count).allSatisfy { UInt8(bitPattern: start[$0]) == UInt8(number % 251) }
        }
        if !isRight { wrong += 1 }
      }
      return (finished.count, wrong, openDescriptors(), left)
    }
    #expect(outcome.files == 500)
    #expect(outcome.wrong == 0)
    #expect(outcome.descriptors == 0)
    #expect(outcome.left == 0)
  }

  @Test("closing with files in flight is quick and safe", arguments: backends)
  func closing(backend: Backend) throws {
    let paths = (0..<200).map { tree.bytes("many/\($0)") }
    let outcome = try inSession { () -> (descriptors: Int, milliseconds: Int) in
      let allocator = FileBytesAllocator()
      let fetcher = Fetcher(wanted: backend, limits: Self.limits(inFlight: 200))
      for path in paths {
        try? fetcher.start(
          FileFetch(contentsOf: path, limit: 1 << 20, isLocal: false, from: allocator))
      }
      let start = Instant.now
      fetcher.close(milliseconds: 5000)
      let time = (Instant.now.nanoseconds - start.nanoseconds) / 1_000_000
      return (openDescriptors(), time)
    }
    #expect(outcome.descriptors == 0)
    #expect(outcome.milliseconds < 6000)
  }

  @Test(
    "closing without patience leaves what the kernel may still write to alone", arguments: backends)
  func impatient(backend: Backend) throws {
    let paths = (0..<100).map { tree.bytes("many/\($0)") }
    let allocator = FileBytesAllocator()
    let fetches = paths.map {
      FileFetch(contentsOf: $0, limit: 1 << 20, isLocal: false, from: allocator)
    }
    try inSession {
      let fetcher = Fetcher(wanted: backend, limits: Self.limits(inFlight: 100))
      for fetch in fetches { try? fetcher.start(fetch) }
      fetcher.close(milliseconds: 0)
    }
    // Bytes are whole or not there.
    for (number, fetch) in fetches.enumerated() {
      if case .contents(let bytes, _, _)? = fetch.outcome { #expect(bytes.count == number * 9) }
    }
  }

  @Test("listings, pages and files come beside each other", arguments: backends)
  func jobs(backend: Backend) throws {
    let paths = ["many", "missing", "files/normal"].map { tree.bytes($0) }
    let library = tree.bytes("files/normal")
    let events = try inSession { () -> [String] in
      let fetcher = Fetcher(wanted: backend, limits: Self.limits())
      defer { fetcher.close(milliseconds: 1000) }
      var events: [String] = []
      for path in paths {
        do throws(Errno) {
          // What is in memory is there at once.
          if let listing = try fetcher.list(path) { events.append("listed \(listing.count)") }
        } catch {
          events.append("not listed \(error.code)")
        }
      }
      try? fetcher.warm(library)
      try? fetcher.start(FileFetch(statusOf: library, isLocal: false))
      let deadline = Instant.now.adding(milliseconds: 20_000)
      while fetcher.inFlight > 0, Instant.now < deadline {
        for event in fetcher.wait(until: deadline) {
          switch event {
          case .file: events.append("file")
          case .closed: events.append("closed")
          case .piece: events.append("piece")
          case .listed(_, let listing): events.append("listed \(listing.count)")
          case .notListed(_, let reason): events.append("not listed \(reason.code)")
          case .warmed(let bytes, _): events.append("warmed \(bytes)")
          }
        }
      }
      return events.sorted()
    }
    #expect(
      events == [
        "file", "listed 500", "not listed \(ENOENT)", "not listed \(ENOTDIR)", "warmed 0",
      ])
  }

  @Test("another thread wakes the owner", arguments: backends)
  func waking(backend: Backend) throws {
    let milliseconds = try Self.time(on: backend) { fetcher, start in
      let waker = fetcher.waker
      let thread = try? Thread {
        usleep(20_000)
        waker.relayWake()
      }
      _ = fetcher.wait(until: start.adding(milliseconds: 20_000))
      _ = thread?.join(milliseconds: 20_000)
    }
    #expect(milliseconds < 15_000)
  }

  @Test("another thread wakes the owner when nothing was ever started", arguments: backends)
  func wakingIdle(backend: Backend) throws {
    let milliseconds = try Self.time(on: backend) { fetcher, start in
      fetcher.waker.relayWake()
      _ = fetcher.wait(until: start.adding(milliseconds: 3000))
    }
    #expect(milliseconds < 2500)
  }

  @Test("waiting with nothing in flight ends at the deadline", arguments: backends)
  func deadline(backend: Backend) throws {
    let milliseconds = try Self.time(on: backend) { fetcher, start in
      _ = fetcher.wait(until: start.adding(milliseconds: 30))
      _ = fetcher.wait(until: start)
    }
    #expect(milliseconds >= 30)
    #expect(milliseconds < 15_000)
  }
}
