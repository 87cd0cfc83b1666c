import Glibc
import Testing

@testable import ImportaheadCore

@Suite("SharedObject")
struct SharedObjectTests {
  /// A library of the C library's own that is mapped into this process.
  private static let mapped: String? = {
    guard let file = fopen("/proc/self/maps", "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 8192)
    while fgets(&line, 8192, file) != nil {
      let text = String(
        decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if let start = text.firstIndex(of: "/"), text.contains("/libm.so") || text.contains("/libm-")
      {
        return text[start...].filter { $0 != "\n" }
      }
    }
    return nil
  }()

  /// Has the pages of all stages read ahead; returns how many bytes these are.
  private func warm(_ object: SharedObject) -> Int {
    SharedObject.Stage.allCases.reduce(0) { $0 + object.warm($1) }
  }

  /// The libraries an object needs, by their last path component.
  private func needed(_ object: SharedObject) -> [String] {
    object.neededCandidates().map {
      String(decoding: PathBytes.split($0.first ?? []).name, as: UTF8.self)
    }
  }

  @Test(
    "libm needs libc, and its pages can be asked for",
    .enabled(if: SharedObjectTests.mapped != nil, "no libm is mapped here"))
  func library() throws {
    let path = Array(try #require(Self.mapped).utf8)
    let object = try SharedObject(path: path)
    #expect(needed(object).contains("libc.so.6"))
    #expect(object.neededCandidates().allSatisfy { $0.contains { SharedObject.exists($0) } })
    #expect(object.warm(.loading) > 0)
    // libm and the C library with its loader; none of them twice.
    let warmer = LibraryWarmer()
    #expect(warmer.warm(path) > warm(object))
    #expect(warmer.warm(path) == 0)
  }

  @Test("what is no regular file throws its reason")
  func refused() throws {
    let tree = try SettledTree.shared.get()
    for (name, reason) in [("missing", ENOENT), ("directory", EINVAL), ("pipe", EINVAL)] {
      #expect(throws: Errno(code: reason)) { try SharedObject(path: tree.bytes("files/\(name)")) }
    }
  }

  @Test("files that are no objects have nothing to warm", arguments: ["normal", "empty", "limit"])
  func otherFiles(name: String) throws {
    let object = try SharedObject(path: SettledTree.shared.get().bytes("files/\(name)"))
    #expect(warm(object) == 0)
    #expect(object.neededCandidates().isEmpty)
  }

  // MARK: Objects made here

  /// A small object that needs `libone.so` and `libtwo.so` and has a run path.
  static func small(runPath: String = "$ORIGIN/../lib:/opt/${ORIGIN}:/plain") -> [UInt8] {
    let strings = Array("\0libone.so\0libtwo.so\0\(runPath)\0".utf8)
    func words(_ values: UInt64...) -> [UInt8] {
      values.flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    }
    func header(type: UInt32, offset: UInt64, size: UInt64) -> [UInt8] {
      Array(words(UInt64(type) | UInt64(PF_R) << 32))
        + words(offset, 0x1000 + offset, 0, size, size, 8)
    }
    let dynamic = words(1, 1, 1, 11, 5, 0x1000 + 304, 29, 21, 0, 0)
    let front: [UInt8] =
      [0x7f, 0x45, 0x4c, 0x46, UInt8(ELFCLASS64), 1, 1, 0] + words(0)
      + [3, 0, 62, 0, 1, 0, 0, 0] + words(0, 64, 0) + [
        0, 0, 0, 0, 64, 0, 56, 0, 2, 0, 64, 0, 0, 0, 0, 0,
      ]
    let whole =
      front + header(type: UInt32(PT_LOAD), offset: 0, size: 304 + UInt64(strings.count))
      + header(type: UInt32(PT_DYNAMIC), offset: 176, size: UInt64(dynamic.count)) + dynamic
    return whole + [UInt8](repeating: 0, count: 304 - whole.count) + strings
  }

  @Test("needed libraries come with their run paths, $ORIGIN replaced")
  func runPaths() throws {
    let tree = try TemporaryTree()
    try tree.write("site/x.so", Self.small())
    let object = try SharedObject(path: tree.bytes("site/x.so"))
    #expect(needed(object) == ["libone.so", "libtwo.so"])
    let first = (object.neededCandidates().first ?? []).prefix(3)
      .map { String(decoding: $0, as: UTF8.self) }
    #expect(
      first == [
        tree.path("site/../lib/libone.so"), "/opt/${ORIGIN}/libone.so", "/plain/libone.so",
      ])
    #expect(warm(object) > 300)
  }

  @Test("objects that need each other are warmed once each")
  func cycle() throws {
    let tree = try TemporaryTree()
    for name in ["x.so", "libone.so", "libtwo.so"] {
      try tree.write(name, Self.small(runPath: "$ORIGIN"))
    }
    let warmer = LibraryWarmer()
    let size = Self.small(runPath: "$ORIGIN").count
    #expect(warmer.warm(tree.bytes("x.so")) == 3 * size)
    #expect(warmer.warm(tree.bytes("libone.so")) == 0)
  }

  @Test("the objects in a directory are warmed, whatever else is there, and those they need")
  func directory() throws {
    let tree = try TemporaryTree()
    let object = Self.small(runPath: "$ORIGIN/..")
    for name in ["x.libs/a.so.1", "x.libs/b.so", "libone.so"] { try tree.write(name, object) }
    try tree.write("x.libs/text", "text")
    try tree.makeDirectory("x.libs/inner.so")
    #expect(LibraryWarmer().warm(directory: tree.bytes("x.libs")) == 3 * object.count)
    #expect(LibraryWarmer().warm(directory: tree.bytes("x.libs/b.so")) == 0)
    #expect(LibraryWarmer().warm(directory: tree.bytes("missing")) == 0)
  }

  @Test("a large object is asked for in pieces, until nobody wants more")
  func pieces() throws {
    let tree = try TemporaryTree()
    // Data that are all relocated: the headers say so, and the file has a hole.
    try tree.write("x.so", Self.small())
    #expect(truncate(tree.path("x.so"), 3 << 20) == 0)
    let file = open(tree.path("x.so"), O_RDWR)
    defer { close(file) }
    var header = Elf64_Phdr()
    let size = MemoryLayout<Elf64_Phdr>.size
    #expect(unsafe pread(file, &header, size, 64) == size)
    header.p_flags |= UInt32(PF_W)
    header.p_filesz = 3 << 20
    #expect(unsafe pwrite(file, &header, size, 64) == size)
    let object = try SharedObject(path: tree.bytes("x.so"))
    for (wanted, bytes) in [(0, 0), (1, 512 << 10), (3, 1536 << 10), (100, 3 << 20)] {
      var asked = 0
      let warmed = object.warm(.loading) { _ in
        asked += 1
        return asked <= wanted
      }
      #expect(warmed == bytes)
    }
  }

  @Test("a warmer that was stopped warms nothing more")
  func stopped() throws {
    let tree = try TemporaryTree()
    try tree.write("x.so", Self.small())
    let warmer = LibraryWarmer()
    warmer.stop()
    #expect(warmer.warm(tree.bytes("x.so")) == 0)
  }

  @Test("a warmer asks for no more bytes than it may")
  func budget() throws {
    let tree = try TemporaryTree()
    let object = Self.small(runPath: "$ORIGIN")
    for name in ["x.so", "libone.so", "libtwo.so"] { try tree.write(name, object) }
    let warmer = LibraryWarmer(most: 2 * object.count + 1)
    #expect(warmer.warm(tree.bytes("x.so")) == 2 * object.count)
    #expect(!warmer.spend(2))
    #expect(warmer.spend(1))
  }

  @Test("every truncation is survived")
  func truncations() throws {
    let tree = try TemporaryTree()
    let whole = Self.small()
    for length in 0..<whole.count {
      try tree.write("x.so", Array(whole.prefix(length)))
      let object = try SharedObject(path: tree.bytes("x.so"))
      _ = warm(object)
      #expect(object.neededCandidates().count <= 2)
    }
  }

  @Test("garbage in every place is survived", arguments: 0..<4 as Range<UInt64>)
  func mutations(seed: UInt64) throws {
    var generator = SplitMix(state: seed)
    let tree = try TemporaryTree()
    let values: [UInt8] = [0, 1, 0x7f, 0x80, 0xff]
    for _ in 0..<400 {
      var bytes = Self.small()
      for _ in 0..<Int.random(in: 1...8, using: &generator) {
        let place = Int.random(in: 4..<bytes.count, using: &generator)
        let value = values.randomElement(using: &generator) ?? 0
        for offset in 0..<Int.random(in: 1...8, using: &generator)
        where place + offset < bytes.count {
          bytes[place + offset] = value
        }
      }
      try tree.write("x.so", bytes)
      let object = try SharedObject(path: tree.bytes("x.so"))
      #expect(warm(object) >= 0)
      _ = object.neededCandidates()
    }
  }

  @Test("an object that claims thousands of libraries and run paths is not believed")
  func amplification() throws {
    let tree = try TemporaryTree()
    var bytes = Self.small(runPath: [String](repeating: "/x", count: 150).joined(separator: ":"))
    let (dynamicStart, count) = (bytes.count + (16 - bytes.count % 16), 2000)
    bytes += [UInt8](repeating: 0, count: dynamicStart - bytes.count)
    func word(_ value: Int) -> [UInt8] {
      (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    bytes += word(5) + word(0x1000 + 304)
    for index in 0..<count { bytes += index % 2 == 0 ? word(1) + word(1) : word(29) + word(21) }
    bytes.replaceSubrange(128..<136, with: word(dynamicStart))
    bytes.replaceSubrange(152..<160, with: word(16 * (count + 1)))
    try tree.write("x.so", bytes)
    let candidates = try SharedObject(path: tree.bytes("x.so")).neededCandidates()
    #expect(!candidates.isEmpty)
    #expect(candidates.count <= 256)
    #expect(candidates.allSatisfy { $0.count <= 256 })
  }
}
