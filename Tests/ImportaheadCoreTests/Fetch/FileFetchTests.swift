import Glibc
import Testing

@testable import ImportaheadCore

/// A ring that makes one call at a time.
private final class SlowRing {
  private var ring: Ring

  init() throws(Errno) { ring = try Ring(depth: 4, workers: 2) }

  func perform(_ operation: Operation) -> Int32 {
    let ticket = Ticket(rawValue: 9)
    guard unsafe ring.prepare(operation, ticket: ticket) else { return -EBUSY }
    while true {
      if let completion = ring.nextCompletion() {
        return completion.ticket == ticket ? completion.result : -EPROTO
      }
      guard (try? ring.submitAndWait(until: Instant.now.adding(milliseconds: 10_000))) != nil
      else { return -EIO }
    }
  }
}

extension FileFetch {
  /// The outcome in words, to be compared.
  var summary: String {
    switch outcome {
    case .contents(let bytes, let status, let isRacy)?:
      let contents = bytes.withPointer {
        UnsafeBufferPointer(start: $0, count: $1).map { UInt8(bitPattern: $0) }
      }
      return "\(contents) \(status) \(isRacy)"
    case .status(let status)?: return "\(status)"
    case .failed(let reason)?: return "failed \(reason.code)"
    case nil: return "nothing"
    }
  }

  /// Makes every call with `call`; `meanwhile` runs once the file is open.
  fileprivate func drive(_ call: (Operation) -> Int32, meanwhile: () -> Void = {}) {
    var isFirst = true
    while advance(call(operation)) {
      if isFirst { meanwhile() }
      isFirst = false
    }
  }
}

@Suite("FileFetch")
struct FileFetchTests {
  private let tree: TemporaryTree
  private static let limit = 8000

  init() throws { tree = try SettledTree.shared.get() }

  private func contents(_ path: [UInt8], limit: Int = Self.limit) -> FileFetch {
    FileFetch(contentsOf: path, limit: limit, isLocal: false, from: FileBytesAllocator())
  }

  @Test(
    "contents are those of the file, and old files are not racy", arguments: ["normal", "link"])
  func normal(name: String) throws {
    let fetch = contents(tree.bytes("files/\(name)"))
    fetch.performAll()
    let expected = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let status = try FileStatus(path: CPath(tree.bytes("files/normal")))
    #expect(fetch.summary == "\(expected) \(status) false")
    #expect(fetch.operation.descriptor == -1)
  }

  @Test(
    "a file that cannot be served fails with a reason",
    arguments: [
      ("large", EFBIG), ("missing", ENOENT), ("directory", EINVAL), ("pipe", EINVAL),
      ("broken", ENOENT), ("loop", ELOOP), ("normal/below", ENOTDIR),
    ])
  func refused(name: String, reason: Int32) {
    let fetch = contents(tree.bytes("files/\(name)"))
    fetch.performAll()
    #expect(fetch.summary == "failed \(reason)")
    #expect(fetch.operation.descriptor == -1)
  }

  @Test("a file of exactly the limit is read, an empty one too")
  func limits() {
    for (name, count) in [("limit", 8000), ("empty", 0)] {
      let fetch = contents(tree.bytes("files/\(name)"))
      fetch.performAll()
      guard case .contents(let bytes, _, _)? = fetch.outcome else {
        Issue.record("\(name): \(fetch.summary)")
        continue
      }
      #expect(bytes.count == count)
      #expect(bytes.bytes.byteCount == count)
    }
  }

  @Test("an unreadable file fails", .enabled(if: geteuid() != 0, "root may read every file"))
  func unreadable() {
    let fetch = contents(tree.bytes("files/unreadable"))
    fetch.performAll()
    #expect(fetch.summary == "failed \(EACCES)")
  }

  @Test("a file in /proc says nothing of its size and is not served")
  func procfs() {
    let fetch = contents(Array("/proc/self/status".utf8))
    fetch.performAll()
    #expect(fetch.summary == "failed \(ESTALE)")
  }

  @Test(
    "a ring leads to what plain calls lead to", .enabled(if: hasRing, "\(noRing)"),
    arguments: SettledTree.names)
  func ring(name: String) throws {
    let ring = try SlowRing()
    let path = tree.bytes("files/\(name)")
    let expected = contents(path)
    expected.performAll()
    let found = contents(path)
    found.drive(ring.perform)
    #expect(found.summary == expected.summary)
    #expect(found.operation.descriptor == -1)

    let status = FileFetch(statusOf: path, isLocal: false)
    status.performAll()
    let statusByRing = FileFetch(statusOf: path, isLocal: false)
    statusByRing.drive(ring.perform)
    #expect(statusByRing.summary == status.summary)
  }

  @Test("calls that need no I/O lead to the same, or leave the rest", arguments: SettledTree.names)
  func cached(name: String) {
    let path = tree.bytes("files/\(name)")
    let pairs = [
      (contents(path), contents(path)),
      (FileFetch(statusOf: path, isLocal: true), FileFetch(statusOf: path, isLocal: true)),
    ]
    for (expected, found) in pairs {
      expected.performAll()
      if found.performCached() { found.performAll() }
      #expect(found.summary == expected.summary)
      #expect(found.operation.descriptor == -1)
    }
  }

  @Test("a file that changes while it is read is not served", arguments: [3, 5000, 0])
  func changing(size: Int) throws {
    let own = try TemporaryTree()
    let calls: [(Operation) -> Int32] =
      [{ $0.perform() }] + (hasRing ? [try SlowRing().perform] : [])
    for call in calls {
      try own.write("file", "some text")
      // Elsewhere a file that has become longer is read once more.
      let fetch = FileFetch(
        contentsOf: own.bytes("file"), limit: 8000, isLocal: true, from: FileBytesAllocator())
      fetch.drive(call) { #expect(truncate(own.path("file"), size) == 0) }
      #expect(fetch.summary == "failed \(ESTALE)")
      #expect(fetch.operation.descriptor == -1)
    }
  }

  @Test("a file longer than was said is read once more where a server may know better")
  func longer() throws {
    let own = try TemporaryTree()
    for first in ["some text", ""] {
      try own.write("file", first)
      let fetch = contents(own.bytes("file"))
      fetch.drive({ $0.perform() }) { try? own.write("file", "some longer text") }
      guard case .contents(let bytes, let status, isRacy: true)? = fetch.outcome else {
        // What was asked for at once, being empty, is not asked for again.
        #expect(first.isEmpty && fetch.summary == "failed \(ESTALE)")
        continue
      }
      #expect(bytes.count == 16)
      #expect(try status == FileStatus(path: CPath(own.bytes("file"))))
    }
  }

  @Test("a file rewritten at the same size while it is read is not served")
  func rewritten() throws {
    let own = try TemporaryTree()
    try own.write("file", "some text")
    try own.touch("file", seconds: 1_000_000_000)
    let fetch = contents(own.bytes("file"))
    fetch.drive({ $0.perform() }) { try? own.write("file", "text some") }
    #expect(fetch.summary == "failed \(ESTALE)")
  }

  @Test("a file replaced while it is read is served as it was, under its own status")
  func replaced() throws {
    let own = try TemporaryTree()
    try own.write("file", "old")
    try own.write("other", "new")
    let before = try FileStatus(path: CPath(own.bytes("other")))
    let fetch = contents(own.bytes("file"))
    fetch.drive({ $0.perform() }) { rename(own.path("other"), own.path("file")) }
    if case .contents(_, let status, _)? = fetch.outcome { #expect(status != before) }
  }

  @Test("a new file is racy")
  func racy() throws {
    let own = try TemporaryTree()
    try own.write("file", "text")
    let fetch = contents(own.bytes("file"))
    fetch.performAll()
    #expect(fetch.summary.hasSuffix("true"))
  }

  @Test("a short read goes on where it ended")
  func shortReads() throws {
    let whole = contents(tree.bytes("files/normal"))
    whole.performAll()
    let fetch = contents(tree.bytes("files/normal"))
    // What a kernel may do at any time: the bytes behind the first few are not there yet.
    fetch.drive { operation in
      let result = operation.perform()
      return operation.verb == .read ? min(result, 1000) : result
    }
    #expect(fetch.summary == whole.summary)
  }

  @Test("results a kernel should not give do no harm", arguments: [Int32.min, -1, Int32.max])
  func nonsense(result: Int32) {
    let fetch = contents(tree.bytes("files/normal"))
    fetch.drive { operation in operation.verb == .read ? result : operation.perform() }
    #expect(fetch.summary.hasPrefix("failed"))
  }

  @Test("what is given up has failed, unless its outcome was known")
  func abandoned() {
    let fetch = contents(tree.bytes("files/normal"))
    fetch.abandon(.stopped)
    #expect(fetch.summary == "failed \(ECANCELED)")
    let finished = contents(tree.bytes("files/missing"))
    finished.performAll()
    finished.abandon(.stopped)
    #expect(finished.summary == "failed \(ENOENT)")
  }
}
