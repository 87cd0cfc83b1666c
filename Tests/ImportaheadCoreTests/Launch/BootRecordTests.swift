import Glibc
import Testing

@testable import ImportaheadCore

@Suite("BootRecord")
struct BootRecordTests {
  private var sample: BootRecord {
    var record = BootRecord()
    record.add(Array("/usr/bin/python3".utf8), .pages(pages(of: 1 << 20)))
    record.add(Array("/usr/lib/python3/os.py".utf8), .status)
    record.add(Array("/usr/lib/python3/os.pyc".utf8), .contents)
    record.add(Array("/usr/lib/python3".utf8), .names)
    return record
  }

  @Test("what is written is read again")
  func roundTrip() {
    #expect(BootRecord(sample.encoded)?.entries == sample.entries)
    #expect(BootRecord(BootRecord().encoded)?.entries.isEmpty == true)
  }

  @Test("a file cut short anywhere, or with any bit flipped, is no record")
  func damage() {
    let bytes = sample.encoded
    for count in 0..<bytes.count { #expect(BootRecord(Array(bytes[..<count])) == nil) }
    for index in bytes.indices {
      var flipped = bytes
      flipped[index] ^= 1 << UInt8(index % 8)
      #expect(BootRecord(flipped) == nil)
    }
  }

  @Test(
    "paths that nothing may be done with are not taken, and not believed",
    arguments: ["", "relative", "/dev/sda", "/proc/self/mem", "/sys/x", "/usr/../dev/x", "/a//b"])
  func paths(path: String) {
    var record = BootRecord()
    record.add(Array(path.utf8), .contents)
    #expect(record.entries.isEmpty)
    let content = Array("importahead boot 2\n".utf8) + Array(path.utf8) + [0, 0]
    #expect(BootRecord(content + Profile.checksum(of: content[...])) == nil)
  }

  @Test("random records with a right checksum never trap")
  func fuzz() {
    var generator = SplitMix(state: 11)
    let alphabet = Array("/ab.\u{0}\u{0}s d0+1f".utf8)
    for _ in 0..<4000 {
      var content = Array("importahead boot 2\n".utf8)
      for _ in 0..<Int.random(in: 0..<60, using: &generator) {
        content.append(alphabet.randomElement(using: &generator) ?? 0)
      }
      guard let record = BootRecord(content + Profile.checksum(of: content[...])) else { continue }
      #expect(record.entries.allSatisfy { $0.path.first == PathBytes.slash })
    }
  }

  @Test("the interpreter's own come first, then what it looks for, the extension, and the profile")
  func start() {
    var mapped = ["/usr/bin/python", "/lib/py/own.abi3.so", "/lib/libc.so.6"].map {
      UsedLibrary(name: Array($0.utf8), path: Array($0.utf8), pages: pages(of: 1 << 20))
    }
    mapped[0].missing = [Array("/opt/lib/tls".utf8)]
    var settings = profileSettings()
    settings.pathEntries = [Array("/lib/py".utf8)]
    let record = BootRecord(
      mapped, profile: Array("/cache/a.profile".utf8), in: ProfileScope(settings: settings))
    let texts = record.entries.map { String(decoding: $0.path, as: UTF8.self) }
    #expect(
      texts == [
        "/usr/bin/python", "/lib/libc.so.6", "/opt/lib/tls", "/lib/py", "/lib/py/own.abi3.so",
        "/cache/a.profile",
      ])
    #expect(record.entries.suffix(3).first?.action == .names)
    #expect(record.entries.last?.action == .contents)
  }

  @Test("all pages of a bundle are read, and none where it is gone")
  func bundled() throws {
    let tree = try TemporaryTree()
    try tree.write("it.bundle", [UInt8](repeating: 1, count: 9000))
    var settings = profileSettings()
    settings.pathEntries = []
    for (bundle, isThere) in [("it.bundle", true), ("none", false)] {
      settings.bundle = tree.bytes(bundle)
      let record = BootRecord(
        [], profile: Array("/cache/a.profile".utf8), in: ProfileScope(settings: settings))
      guard case .pages(let pages)? = record.entries.last?.action else {
        #expect(!isThere)
        continue
      }
      #expect(isThere && pages.ranges == [LibraryPages.Range(start: 0, count: 3)])
    }
  }
}

@Suite("BootKey")
struct BootKeyTests {
  private func digits(_ command: String..., interpreter: String = "/usr/bin/python3") -> [UInt8]? {
    BootKey.digits(
      command.map { Array($0.utf8) }, interpreter: Array(interpreter.utf8), variables: [])
  }

  @Test("a program has one name whatever its arguments, and another than any other program")
  func names() throws {
    let script = try #require(digits("python", "a.py", "x"))
    #expect(BootKey.isValid(script))
    #expect(digits("python", "a.py", "y") == script)
    for other in [
      digits("python", "b.py"), digits("python", "-m", "a.py"), digits("python", "-c", "a.py"),
      digits("python", "a.py", interpreter: "/opt/python3"), digits("python"),
      digits("app", "a.py", interpreter: "/usr/bin/app"),
    ] {
      #expect(other != script)
    }
  }

  @Test("a mark is good for the process it was made for alone")
  func marks() {
    let digits = Array("0123456789abcdef".utf8)
    let own = digits + Array(":\(getpid())".utf8)
    #expect(Boot.digits(inMark: own) == digits)
    for bad in [
      "", "0123", "0123456789abcdef", "0123456789abcdef:1", "0123456789ABCDEF:\(getpid())",
    ] {
      #expect(Boot.digits(inMark: Array(bad.utf8)) == nil)
    }
    #expect(Boot.digits(inMark: own + [0x30]) == nil)
  }
}

@Suite("Boot work")
struct BootWorkTests {
  private final class Steps: @unchecked Sendable {
    private let monitor = Monitor()
    private(set) var count = 0
    func add() { monitor.locked { count += 1 } }
  }

  @Test("what is there is warm afterwards, and what is not does no harm")
  func work() throws {
    let tree = try TemporaryTree()
    try tree.write("d/file.pyc", [UInt8](repeating: 1, count: 40_000))
    try #require(mkfifo(tree.path("pipe"), 0o600) == 0)
    var record = BootRecord()
    record.add(tree.bytes("d/file.pyc"), .contents)
    record.add(tree.bytes("pipe"), .contents)
    record.add(tree.bytes("pipe"), .names)
    record.add(tree.bytes("d"), .names)
    record.add(tree.bytes("d"), .contents)
    record.add(tree.bytes("d/file.pyc"), .pages(pages(of: 1 << 20)))
    record.add(tree.bytes("gone"), .contents)
    record.add(tree.bytes("gone"), .status)
    BootWork(record).perform()
    #expect(!BootProbe.isCold(record))
  }

  @Test("a file that was evicted is cold")
  func cold() throws {
    let tree = try TemporaryTree()
    try tree.write("file.pyc", [UInt8](repeating: 1, count: 40_000))
    let descriptor = open(tree.path("file.pyc"), O_RDONLY)
    defer { close(descriptor) }
    guard let memory = mmap(nil, 40_000, PROT_READ, MAP_PRIVATE, descriptor, 0),
      memory != MAP_FAILED
    else { return }
    defer { munmap(memory, 40_000) }
    var record = BootRecord()
    record.add(tree.bytes("file.pyc"), .contents)
    // A read that must not wait starts the reading of what is not there, and has it if the disk is
    // done before the thread goes on: on a busy machine that happens.
    var (evicted, cold) = (0, 0)
    for _ in 0..<20 {
      guard fsync(descriptor) == 0, posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) == 0 else {
        return
      }
      var pages = [UInt8](repeating: 1, count: 10)
      // tmpfs evicts nothing.
      guard mincore(memory, 40_000, &pages) == 0, pages[0] & 1 == 0 else { continue }
      evicted += 1
      if BootProbe.isCold(record) { cold += 1 }
    }
    #expect(cold > 0 || evicted == 0)
  }

  @Test("every entry that is done is reported, be it there or not")
  func reports() throws {
    let tree = try TemporaryTree()
    try tree.write("file.pyc", [UInt8](repeating: 1, count: 400))
    var record = BootRecord()
    for name in ["file.pyc", "gone", "file.pyc"] {
      record.add(tree.bytes(name), .contents)
      record.add(tree.bytes(name), .names)
    }
    for threads in [0, 1, 2, 64] {
      let steps = Steps()
      BootWork(record) { steps.add() }.perform(threads: threads)
      #expect(steps.count == 6)
    }
  }

  @Test("a file of ours is cold where looking at it may have to wait for somebody")
  func own() throws {
    let tree = try TemporaryTree()
    try tree.write("file.boot", [1])
    let status = try FileStatus(path: CPath(tree.bytes("file.boot")))
    // tmpfs, overlay and most of the network's have no device of their own.
    #expect(BootProbe.isCold(own: tree.bytes("file.boot")) == (status.device >> 32 == 0))
    #expect(BootProbe.isCold(own: Array("/proc/self/status".utf8)))
    guard status.device >> 32 != 0 else { return }
    // Once looked for, a name that is not there is known not to be.
    _ = try? FileStatus(path: CPath(tree.bytes("gone")))
    #expect(!BootProbe.isCold(own: tree.bytes("gone")))
  }
}
