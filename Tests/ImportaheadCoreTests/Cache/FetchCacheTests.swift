import Glibc
import Testing

@testable import ImportaheadCore

@Suite("FetchCache")
struct FetchCacheTests {
  private let cache = FetchCache()
  private let tree: TemporaryTree
  private let path: [UInt8]

  init() throws {
    tree = try SettledTree.shared.get()
    path = tree.bytes("files/normal")
  }

  private func fetch(_ path: [UInt8]) throws -> FileFetch.Outcome {
    let fetch = FileFetch(
      contentsOf: path, limit: 1 << 20, isLocal: false, from: FileBytesAllocator())
    fetch.performAll()
    return try #require(fetch.outcome)
  }

  /// The number of bytes handed over, and whether the session should learn of the question.
  private func take(_ path: [UInt8]) -> (count: Int?, isDemand: Bool) {
    var question = Question()
    let bytes = answered(&question) { cache.take(path, &$0) }
    return (bytes?.count, question.isDemand)
  }

  /// Announces a file whose request is under way.
  private func begin(_ path: [UInt8]) -> Bool {
    let isNew = cache.begin(file: path)
    cache.passage(ofFile: path)?.enter(.underWay)
    return isNew
  }

  private func begin(listing path: [UInt8]) -> Bool {
    let isNew = cache.begin(listing: path)
    cache.passage(ofListing: path)?.enter(.underWay)
    return isNew
  }

  @Test("what is given up is importlib's to read")
  func release() throws {
    #expect(cache.begin(file: path))
    cache.finish(file: path, try fetch(path))
    cache.release()
    #expect(cache.bytesUnused == 0)
    #expect(take(path) == (nil, false))
    #expect(!cache.begin(file: path))
  }

  @Test("a file is handed over once")
  func once() throws {
    #expect(begin(path))
    cache.finish(file: path, try fetch(path))
    #expect(cache.bytesUnused == 5000)
    #expect(take(path) == (5000, false))
    #expect(cache.bytesUnused == 0)
    #expect(take(path) == (nil, false))
    #expect(!begin(path))
    let counters = cache.statistics
    #expect(counters.hits == 1)
    #expect(counters.misses == 1)
    #expect(counters.bytesServed == 5000)
    #expect(counters.filesFetched == 1)
    #expect(counters.bytesFetched == 5000)
    #expect(counters.waits == 0)
  }

  @Test("a file asked for too early belongs to the asker, who is the only one to be told")
  func claimed() throws {
    #expect(take(path) == (nil, true))
    #expect(take(path) == (nil, false))
    #expect(!begin(path))
    cache.finish(file: path, try fetch(path))
    #expect(take(path) == (nil, false))
    #expect(cache.bytesUnused == 0)
  }

  @Test("a failed file is a miss; only unexpected reasons are counted as errors")
  func failed() {
    cache.note { $0.errors = 0 }
    for (name, reason) in [("a", ENOENT), ("b", EIO)] {
      let path = tree.bytes(name)
      #expect(begin(path))
      cache.finish(file: path, .failed(Errno(code: reason)))
      #expect(take(path) == (nil, false))
    }
    #expect(cache.statistics.errors == 1)
    #expect(cache.statistics.lastError == EIO)
  }

  @Test("a racy file is a miss")
  func racy() throws {
    let own = try TemporaryTree()
    try own.write("file", "text")
    #expect(begin(own.bytes("file")))
    cache.finish(file: own.bytes("file"), try fetch(own.bytes("file")))
    #expect(take(own.bytes("file")) == (nil, false))
    #expect(cache.bytesUnused == 0)
  }

  @Test("a file that has changed or gone since is a miss", arguments: [true, false])
  func stale(isRemoved: Bool) throws {
    let own = try TemporaryTree()
    let path = own.bytes("file")
    try own.write("file", "text")
    guard case .contents(let bytes, let status, _) = try fetch(path) else { return }
    #expect(begin(path))
    cache.finish(file: path, .contents(bytes, status, isRacy: false))
    if isRemoved { unlink(own.path("file")) } else { try own.write("file", "other text") }
    #expect(take(path) == (nil, false))
    #expect(cache.statistics.stale == 1)
    #expect(cache.bytesUnused == 0)
  }

  @Test("whoever asks for a file in flight waits for it")
  func waiting() throws {
    #expect(begin(path))
    let outcome = try fetch(path)
    let (cache, path) = (cache, path)
    let thread = try Thread {
      usleep(30_000)
      cache.finish(file: path, outcome)
    }
    #expect(take(path) == (5000, false))
    #expect(thread.join(milliseconds: 10_000))
    #expect(cache.statistics.waits == 1)
    #expect(cache.statistics.waitTime > 0)
  }

  @Test("of many who wait for one file, one gets it")
  func manyWaiters() throws {
    final class Counter: @unchecked Sendable {
      let monitor = Monitor()
      var hits = 0
    }
    #expect(begin(path))
    let counter = Counter()
    let (cache, path) = (cache, path)
    let threads = try (0..<6).map { _ in
      try Thread {
        if answered({ cache.take(path, &$0) }) != nil {
          counter.monitor.locked { counter.hits += 1 }
        }
      }
    }
    usleep(20_000)
    cache.finish(file: path, try fetch(path))
    #expect(threads.allSatisfy { $0.join(milliseconds: 10_000) })
    #expect(counter.hits == 1)
    #expect(cache.statistics.misses == 5)
  }

  @Test("whoever asks for anything tells on which processor")
  func processor() throws {
    #expect(cache.askingProcessor == nil)
    let (cache, path, many) = (cache, path, tree.bytes("many"))
    #expect(begin(path))
    let outcome = try fetch(path)
    let questions: [@Sendable () -> Void] = [
      {
        _ = answered { cache.take(path, &$0) }
      },
      { _ = cache.fresh(many) },
    ]
    for (question, mustWait) in zip(questions, [true, false]) {
      for number in Processor.allowed {
        final class Asker: @unchecked Sendable { var wasPinned = false }
        let asker = Asker()
        let thread = try Thread {
          asker.wasPinned = Processor(number: number).pin()
          question()
        }
        if mustWait {
          usleep(10_000)
          cache.finish(file: path, outcome)
        }
        #expect(thread.join(milliseconds: 10_000))
        #expect(asker.wasPinned)
        #expect(cache.askingProcessor == Processor(number: number))
      }
    }
  }

  @Test("who waits longest is not forgotten over another who came and went")
  func twoPaths() throws {
    let many = tree.bytes("many")
    #expect(begin(path))
    #expect(begin(listing: many))
    let (cache, path) = (cache, path)
    let first = try Thread {
      _ = answered { cache.take(path, &$0) }
    }
    usleep(20_000)
    let second = try Thread { _ = cache.fresh(many) }
    usleep(20_000)
    cache.finish(listing: many, try DirectoryListing.read(many, on: KnownFileSystems()), nil)
    #expect(second.join(milliseconds: 10_000))
    cache.finish(file: path, try fetch(path))
    #expect(first.join(milliseconds: 10_000))
    #expect(cache.statistics.hits == 1)
  }

  @Test("giving up what is in flight frees the waiters, and late outcomes are not kept")
  func abandoned() throws {
    #expect(begin(path))
    #expect(begin(listing: tree.bytes("many")))
    let (cache, many) = (cache, tree.bytes("many"))
    let thread = try Thread { _ = cache.fresh(many) }
    let other = try Thread {
      usleep(30_000)
      cache.abandonInFlight()
    }
    #expect(take(path) == (nil, false))
    #expect(thread.join(milliseconds: 10_000))
    #expect(other.join(milliseconds: 10_000))
    cache.finish(file: path, try fetch(path))
    #expect(take(path) == (nil, false))
    #expect(cache.bytesUnused == 0)
  }

  @Test("listings are given as long as the directory is unchanged and not forgotten")
  func listings() throws {
    let many = tree.bytes("many")
    #expect(cache.fresh(many) == nil)
    #expect(begin(listing: many))
    #expect(!begin(listing: many))
    cache.finish(listing: many, try DirectoryListing.read(many), nil)
    #expect(cache.fresh(many)?.count == 500)
    #expect(cache.fresh(many)?.count == 500)
    cache.forget(listing: many)
    #expect(cache.fresh(many) == nil)
    cache.forget(listing: tree.bytes("unknown"))
    #expect(begin(listing: tree.bytes("unknown")))
    #expect(cache.statistics.directoriesListed == 1)
  }

  @Test("a listing of a directory that changed is not given, nor is a racy one")
  func staleListings() throws {
    let own = try TemporaryTree()
    #expect(begin(listing: own.bytes("")))
    let racy = try DirectoryListing.read(own.bytes(""))
    cache.finish(listing: own.bytes(""), racy, nil)
    #expect(cache.fresh(own.bytes("")) == nil)

    let other = FetchCache()
    let settled = DirectoryListing(
      path: own.bytes(""), status: racy.status, isLocal: true,
      readAt: racy.status.changed + FileStatus.racyWindow)
    #expect(other.begin(listing: own.bytes("")))
    other.finish(listing: own.bytes(""), settled, nil)
    #expect(other.fresh(own.bytes("")) != nil)
    try own.write("new")
    #expect(other.fresh(own.bytes("")) == nil)
  }

  @Test("a directory that cannot be listed is not given")
  func failedListing() {
    #expect(begin(listing: tree.bytes("missing")))
    cache.finish(listing: tree.bytes("missing"), nil, Errno(code: EMFILE))
    #expect(cache.fresh(tree.bytes("missing")) == nil)
    #expect(cache.statistics.errors == 1)
  }

  @Test("demands are taken once, in order")
  func demands() {
    #expect(!cache.hasDemands)
    let demands = [
      FetchCache.Demand(module: [1]), FetchCache.Demand(module: [2], file: [3]),
    ]
    for demand in demands { cache.demand(demand) }
    #expect(cache.hasDemands)
    #expect(cache.takeDemands() == demands)
    #expect(cache.takeDemands().isEmpty)
    #expect(cache.statistics.demands == 2)
  }

  @Test("forgetting everything leaves nothing to take and counts no bytes")
  func forgotten() throws {
    let many = tree.bytes("many")
    #expect(begin(path))
    cache.finish(file: path, try fetch(path))
    #expect(begin(listing: many))
    cache.finish(listing: many, try DirectoryListing.read(many), nil)
    cache.forgetAll()
    #expect(cache.bytesUnused == 0)
    #expect(take(path) == (nil, true))
    #expect(cache.fresh(many) == nil)
  }

  @Test("forgetting everything frees whoever waits")
  func forgottenWhileWaiting() throws {
    #expect(begin(path))
    let cache = cache
    let other = try Thread {
      usleep(30_000)
      cache.forgetAll()
    }
    let start = Instant.now
    #expect(take(path).count == nil)
    #expect(Instant.now < start.adding(milliseconds: 5000))
    #expect(other.join(milliseconds: 10_000))
  }
}

extension FetchCache {
  /// The names in a directory, where they are known and it is unchanged.
  func fresh(_ path: [UInt8]) -> DirectoryListing? {
    answered { listing(path, &$0) }.flatMap { isFresh($0) ? $0 : nil }
  }
}
