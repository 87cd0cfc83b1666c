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

  @Test("what execve and the dynamic linker read is what stands in front of the modules")
  func interpreter() {
    #expect(sample.interpreter.entries == [sample.entries[0]])
    #expect(BootRecord().interpreter.entries.isEmpty)
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
    let content = Array("importahead boot 1\n".utf8) + Array(path.utf8) + [0, 0]
    #expect(BootRecord(content + Profile.checksum(of: content[...])) == nil)
  }

  @Test("random records with a right checksum never trap")
  func fuzz() {
    var generator = SplitMix(state: 11)
    let alphabet = Array("/ab.\u{0}\u{0}s d0+1f".utf8)
    for _ in 0..<4000 {
      var content = Array("importahead boot 1\n".utf8)
      for _ in 0..<Int.random(in: 0..<60, using: &generator) {
        content.append(alphabet.randomElement(using: &generator) ?? 0)
      }
      guard let record = BootRecord(content + Profile.checksum(of: content[...])) else { continue }
      #expect(record.entries.allSatisfy { $0.path.first == PathBytes.slash })
    }
  }

  @Test("a program's files come after the interpreter's, sources by their status alone")
  func fromProfile() {
    var profile = Profile()
    profile.entries = [
      entry(.directory, "/lib/py"), entry(.source, "/lib/py/a.py"),
      entry(.native, "/lib/py/b.so", pages: pages(of: 1 << 20)), entry(.native, "/lib/py/c.so"),
    ]
    var mapped = ["/usr/bin/python", "/lib/py/own.abi3.so", "/lib/libc.so.6"].map {
      UsedLibrary(name: Array($0.utf8), path: Array($0.utf8), pages: pages(of: 1 << 20))
    }
    mapped[0].missing = [Array("/opt/lib/tls".utf8)]
    var settings = profileSettings()
    settings.pathEntries = [Array("/lib/py".utf8)]
    let record = BootRecord(mapped, profile, in: ProfileScope(settings: settings))
    let texts = record.entries.map { String(decoding: $0.path, as: UTF8.self) }
    #expect(
      texts == [
        "/usr/bin/python", "/lib/libc.so.6", "/opt/lib/tls", "/lib/py", "/lib/py/own.abi3.so",
        "/lib/py",
        "/lib/py/a.py", "/lib/py/__pycache__/a.cpython-311.pyc", "/lib/py/b.so",
      ])
    #expect(record.entries.map(\.action).dropFirst(5).prefix(3) == [.names, .status, .contents])
    // What is opened by the hook, and not by execve, is not waited for before it.
    #expect(record.interpreter.entries.count == 2)
  }

  @Test("with a bundle its pages are read, and of what it may hold the status alone is asked for")
  func bundled() throws {
    let tree = try TemporaryTree()
    try tree.write("it.bundle", [UInt8](repeating: 1, count: 9000))
    var profile = Profile()
    profile.entries = [
      entry(.directory, "/lib/py"), entry(.source, "/lib/py/a.py"),
      entry(.bytecode, "/lib/py/b.pyc"),
      entry(.data, "/lib/py/c.txt"),
    ]
    var settings = profileSettings()
    settings.pathEntries = []
    for (bundle, isThere) in [("it.bundle", true), ("none", false)] {
      settings.bundle = tree.bytes(bundle)
      let entries = BootRecord([], profile, in: ProfileScope(settings: settings)).entries
      let texts = entries.suffix(5).map { String(decoding: $0.path, as: UTF8.self) }
      #expect(
        texts == [
          "/lib/py", "/lib/py/a.py", "/lib/py/__pycache__/a.cpython-311.pyc", "/lib/py/b.pyc",
          "/lib/py/c.txt",
        ])
      let plain: [BootRecord.Action] = [.names, .status, .contents, .contents, .contents]
      let spared: [BootRecord.Action] = [.status, .status, .status, .status, .contents]
      #expect(entries.suffix(5).map(\.action) == (isThere ? spared : plain))
      guard case .pages(let pages)? = entries.first?.action else { continue }
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

  @Test("work before a program ends with its first session, and goes on where nobody can tell")
  func session() throws {
    let tree = try TemporaryTree()
    try tree.write("file.pyc", [UInt8](repeating: 1, count: 40_000))
    let watch = inotify_init1(Int32(IN_NONBLOCK))
    defer { close(watch) }
    try #require(inotify_add_watch(watch, tree.path("file.pyc"), UInt32(IN_OPEN)) >= 0)
    var record = BootRecord()
    record.add(tree.bytes("file.pyc"), .contents)
    var events = [UInt8](repeating: 0, count: 4096)
    // The tests have many threads; nobody has the id 0.
    for (process, opens) in [(getpid(), false), (0, true)] {
      BootWork(record, before: ProcessThreads(of: process)).perform(threads: 2)
      #expect((read(watch, &events, events.count) > 0) == opens)
    }
  }
}
