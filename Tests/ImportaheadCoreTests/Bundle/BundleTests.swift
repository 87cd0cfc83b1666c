import Glibc
import Testing

@testable import ImportaheadCore

@Suite("Bundle")
struct BundleTests {
  private let tree: TemporaryTree

  init() throws { tree = try TemporaryTree() }

  private func write(_ bytes: [UInt8], mode: mode_t = 0o644) throws -> [UInt8] {
    try tree.write("it.bundle", bytes)
    chmod(tree.path("it.bundle"), mode)
    return tree.bytes("it.bundle")
  }

  private func opened(_ path: [UInt8]) throws -> Bundle {
    let (file, index) = try BundleFile.open(path)
    return Bundle(index, file)
  }

  /// Reads every piece.
  private func fill(_ bundle: Bundle) {
    let allocator = FileBytesAllocator()
    for place in bundle.index.entries.indices {
      for piece in bundle.piecesToRead(for: place) {
        _ = bundle.arrive(piece.number, piece.read(with: allocator))
      }
    }
  }

  private func held(_ bundle: Bundle, _ place: Int) -> [UInt8]? {
    guard case .here(let bytes) = bundle.take(place) else { return nil }
    return (0..<bytes.count).map { bytes.bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
  }

  @Test("bodies come back, once")
  func bodies() throws {
    let sample = SampleBundle()
    let bundle = try opened(try write(sample.bytes))
    #expect(bundle.fileCount == 2)
    #expect(bundle.place(ofModule: Array("/lib/py/a.py".utf8)) == 1)
    #expect(bundle.place(ofDirectory: Array("/lib/py/a.py".utf8)) == nil)
    #expect(bundle.place(ofDirectory: Array("/lib/py".utf8)) == 0)
    #expect(bundle.place(ofModule: Array("/lib/py".utf8)) == nil)
    #expect(bundle.place(ofModule: Array("/lib/py/n.so".utf8)) == nil)
    #expect(bundle.place(ofModule: Array("/lib/py/none.py".utf8)) == nil)
    fill(bundle)
    #expect(held(bundle, 1) == sample.bodies[0])
    #expect(held(bundle, 3) == sample.bodies[1])
    #expect(held(bundle, 1) == nil)
    #expect(held(bundle, 4) == nil)
  }

  @Test("a damaged body is missed by itself")
  func damage() throws {
    let sample = SampleBundle()
    var bytes = sample.bytes
    bytes[sample.index.encoded().count + 299] ^= 4
    let bundle = try opened(try write(bytes))
    fill(bundle)
    #expect(held(bundle, 1) == nil)
    #expect(held(bundle, 3) == sample.bodies[1])
  }

  @Test("many bodies are read in pieces, one ahead")
  func pieces() throws {
    var index = BundleIndex()
    var bodies: [[UInt8]] = []
    for number in 0..<40 {
      let body = (0..<(number % 7 * 20_000)).map { UInt8(truncatingIfNeeded: $0 &* number) }
      bodies.append(body)
      var entry = BundleEntry(kind: .source, path: Array("/m\(number).py".utf8))
      entry.length = body.count
      entry.checksum = BundleChecksum.of(body)
      entry.status = PackedStatus(inode: 1, size: UInt64(body.count), modified: 0, changed: 0)
      index.entries.append(entry)
    }
    let bundle = try opened(try write(bundleFile(index, bodies)))
    #expect(bundle.piecesToRead(for: 1).map(\.number) == [0, 1])
    #expect(bundle.piecesToRead(for: 2).isEmpty)
    guard case .coming = bundle.take(1) else {
      Issue.record("not on its way")
      return
    }
    let again = try opened(tree.bytes("it.bundle"))
    fill(again)
    for number in 0..<40 where !bodies[number].isEmpty {
      #expect(held(again, number) == bodies[number])
    }
  }

  @Test("a file that is replaced while it is in use is not read from")
  func replaced() throws {
    let bytes = SampleBundle().bytes
    let bundle = try opened(try write(bytes))
    try tree.write("other", bytes)
    rename(tree.path("other"), tree.path("it.bundle"))
    fill(bundle)
    #expect(held(bundle, 1) == nil)
  }

  @Test("files that others could have made are refused", arguments: [0o664, 0o646, 0o666])
  func modes(mode: Int) throws {
    let path = try write(SampleBundle().bytes, mode: mode_t(mode))
    #expect(throws: Errno(code: EPERM)) { try BundleFile.open(path) }
  }

  @Test("what is no plain file with one name is refused")
  func kinds() throws {
    let bytes = SampleBundle().bytes
    _ = try write(bytes)
    try tree.link("link", to: "it.bundle")
    #expect(throws: Errno(code: ELOOP)) { try BundleFile.open(tree.bytes("link")) }
    link(tree.path("it.bundle"), tree.path("second"))
    #expect(throws: Errno(code: EPERM)) { try BundleFile.open(tree.bytes("second")) }
    mkfifo(tree.path("pipe"), 0o644)
    #expect(throws: Errno.notRegular) { try BundleFile.open(tree.bytes("pipe")) }
    #expect(throws: Errno.notRegular) { try BundleFile.open(tree.bytes("")) }
    #expect(throws: Errno(code: ENOENT)) { try BundleFile.open(tree.bytes("absent")) }
  }

  @Test("another user's file is refused, root's is not")
  func owners() throws {
    guard geteuid() == 0 else { return }
    let path = try write(SampleBundle().bytes)
    _ = try BundleFile.open(path)
    chown(tree.path("it.bundle"), 65534, 65534)
    #expect(throws: Errno(code: EPERM)) { try BundleFile.open(path) }
  }

  @Test("an entry is current while inode, size and both times are those it was packed with")
  func current() throws {
    try tree.write("m.pyc", "body")
    let status = try FileStatus(path: CPath(tree.bytes("m.pyc")))
    var entry = BundleEntry(kind: .bytecode, path: tree.bytes("m.pyc"))
    func isCurrent(_ packed: PackedStatus, isOfCopies: Bool) throws -> Bool {
      var index = BundleIndex()
      entry.status = packed
      entry.length = 4
      index.entries = [entry]
      index.isOfCopies = isOfCopies
      return Bundle(index, BundleFile(path: [], status: status)).isCurrent(0, status)
    }
    func changed(
      inode: UInt64 = 0, size: UInt64 = 0, modified: Int = 0, changed: Int = 0
    ) -> PackedStatus {
      PackedStatus(
        inode: status.inode + inode, size: status.size + size,
        modified: status.modified + modified, changed: status.changed + changed)
    }
    #expect(try isCurrent(changed(), isOfCopies: false))
    #expect(try !isCurrent(changed(inode: 1), isOfCopies: false))
    #expect(try !isCurrent(changed(size: 1), isOfCopies: false))
    #expect(try !isCurrent(changed(modified: 1), isOfCopies: false))
    #expect(try !isCurrent(changed(changed: 1), isOfCopies: false))
    #expect(try isCurrent(changed(inode: 1, changed: 1), isOfCopies: true))
    #expect(try !isCurrent(changed(size: 1), isOfCopies: true))
    #expect(try !isCurrent(changed(modified: 1), isOfCopies: true))
  }

  @Test("a copy may have lost what is less than a second")
  func wholeSeconds() throws {
    try tree.write("m.pyc", "body")
    let packed = PackedStatus(inode: 1, size: 4, modified: 1_700_000_000_123_456_789, changed: 1)
    try tree.touch("m.pyc", seconds: 1_700_000_000)
    #expect(packed.matches(try FileStatus(path: CPath(tree.bytes("m.pyc"))), isCopy: true))
    #expect(!packed.matches(try FileStatus(path: CPath(tree.bytes("m.pyc"))), isCopy: false))
    try tree.touch("m.pyc", seconds: 1_700_000_000, nanoseconds: 5)
    #expect(!packed.matches(try FileStatus(path: CPath(tree.bytes("m.pyc"))), isCopy: true))
    try tree.touch("m.pyc", seconds: 1_700_000_001)
    #expect(!packed.matches(try FileStatus(path: CPath(tree.bytes("m.pyc"))), isCopy: true))
  }
}
