import Glibc
import Testing

@testable import ImportaheadCore

@Suite("Asking a cache")
struct AskingTests {
  private let cache = FetchCache()
  private let path = Array("/file.py".utf8)
  private let directory = Array("/directory".utf8)

  /// What a single attempt leads to.
  private func attempt() -> String {
    var question = Question()
    switch cache.take(path, &question) {
    case .found: return "found"
    case .notFound: return question.isDemand ? "demand" : "not found"
    case .pending: return "pending"
    }
  }

  @Test("a file whose turn has not come is taken back at once, and is the asker's")
  func queued() {
    #expect(cache.begin(file: path))
    #expect(attempt() == "not found")
    #expect(cache.statistics.waits == 0)
    #expect(cache.wasAsked(file: path))
    #expect(!cache.begin(file: path))
  }

  @Test("a file that is under way is waited for in slices, counted as one wait")
  func slices() {
    #expect(cache.begin(file: path))
    cache.passage(ofFile: path)?.enter(.underWay)
    var question = Question()
    for _ in 0..<3 {
      let start = Instant.now
      guard case .pending = cache.parked({ cache.take(path, &question) }) else {
        Issue.record("expected to have to wait")
        return
      }
      #expect(Instant.now.nanoseconds - start.nanoseconds >= 20_000_000)
    }
    #expect(cache.statistics.waits == 1)
    #expect(cache.statistics.waitTime >= 60_000_000)
    #expect(cache.questions == 1)
  }

  @Test("while the session's thread does something else for long, nobody waits for it")
  func silence() {
    #expect(cache.begin(file: path))
    cache.passage(ofFile: path)?.enter(.underWay)
    // Heard of a moment ago; whoever asks waits a little, and then no more.
    var attempts = 0
    while attempt() == "pending" { attempts += 1 }
    #expect(attempts < 100)
    #expect(cache.wasAsked(file: path))
  }

  @Test("nobody waits long for bytes that come from elsewhere")
  func elsewhere() {
    #expect(cache.begin(file: path))
    cache.passage(ofFile: path)?.enter(.elsewhere)
    cache.parked {
      var attempts = 0
      while attempt() == "pending" { attempts += 1 }
      #expect(attempts < 100)
    }
  }

  @Test("what was taken back can be asked for and announced again")
  func withdrawn() {
    #expect(cache.begin(file: path))
    #expect(cache.begin(listing: directory))
    cache.withdrawInFlight()
    #expect(!cache.isKnown(file: path))
    #expect(!cache.isKnown(listing: directory))
    #expect(cache.begin(file: path))
    #expect(cache.begin(listing: directory))
    cache.withdrawInFlight()
    #expect(attempt() == "demand")
  }

  @Test("a child has what was read, counts for itself, and knows what was asked for before")
  func child() throws {
    let tree = try SettledTree.shared.get()
    let file = tree.bytes("files/normal")
    let fetch = FileFetch(
      contentsOf: file, limit: 1 << 20, isLocal: false, from: FileBytesAllocator())
    fetch.performAll()
    #expect(cache.begin(file: file))
    cache.finish(file: file, try #require(fetch.outcome))
    #expect(attempt() == "demand")
    cache.demand(FetchCache.Demand(module: [1]))
    cache.monitor.lock()
    cache.becomeChild()
    #expect(cache.statistics.misses == 0)
    #expect(!cache.hasDemands)
    #expect(cache.wasAskedBeforeFork(file: path))
    #expect(!cache.wasAskedBeforeFork(file: file))
    #expect(answered { cache.take(file, &$0) }?.count == 5000)
    #expect(!cache.wasAskedBeforeFork(file: Array("/other.py".utf8)))
    #expect(cache.statistics.hits == 1)
  }
}
