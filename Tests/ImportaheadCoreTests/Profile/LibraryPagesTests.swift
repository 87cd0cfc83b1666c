import Glibc
import Testing

@testable import ImportaheadCore

/// Two ranges of a file of `size` bytes.
func pages(of size: Int) -> LibraryPages {
  LibraryPages(
    size: size, modified: 1_700_000_000_123_456_789,
    ranges: [.init(start: 0, count: 3), .init(start: 100, count: 28)])
}

@Suite("LibraryPages")
struct LibraryPagesTests {
  private func parsed(_ text: String) -> LibraryPages? { LibraryPages(Array(text.utf8)[...]) }

  @Test("what is written is read again")
  func roundTrip() {
    let some = pages(of: 128 * 4096)
    #expect(LibraryPages(some.encoded[...]) == some)
    let odd = LibraryPages(size: 1, modified: 0, ranges: [.init(start: 0, count: 1)])
    #expect(LibraryPages(odd.encoded[...]) == odd)
    #expect(parsed("3000 5 1+2 ")?.ranges == [.init(start: 1, count: 2)])
    #expect(parsed("3000 5 0+1 1+1 ")?.ranges.count == 2)
    var ended = some
    ended.atEnd = [.init(start: 50, count: 2), .init(start: 60, count: 1)]
    #expect(LibraryPages(ended.encoded[...]) == ended)
    #expect(parsed("3000 5 1+1 ;0+1 ")?.atEnd == [.init(start: 0, count: 1)])
  }

  @Test(
    "numbers that no recording would make are refused",
    arguments: [
      "", " ", "3000", "3000 5", "3000 5 ", "0 5 0+1 ", "3000 5 0+0 ", "3000 5 0+4 ",
      "3000 5 3+1 ",
      "3000 5 0+1 0+1 ", "3000 5 0+1 2+1 ", "3000 5 0+1", "3000 5 +1 ", "3000 5 0+ ", "3000 5 0 ",
      "3000 5 -1+1 ", "3000 5 0+1  ", "3000 5 7fffffffffffffff+1 ", "3000 5 1+7fffffffffffffff ",
      "3000 5 fffffffffffffffff+1 ", "ffffffffffffffff 5 0+1 ", "400000001 5 0+1 ", "3000 g 0+1 ",
      "3000 5 0+1 ;", "3000 5 ;0+1 ", "3000 5 0+1 ;1+1", "3000 5 0+1 ;1+1 ;2+1 ",
      "3000 5 0+1; 1+1 ",
      "3000 5 0+1 ;0+4 ", "3000 5 0+1 ;1+1 0+1 ", "3000 5 0+1 \u{0}", "3000 5 0+1 x",
      "3000  5 0+1 ",
    ])
  func hostile(text: String) {
    #expect(parsed(text) == nil)
  }

  @Test("more ranges than are kept are refused")
  func tooMany() {
    let ranges = { String(repeating: "1+1 ", count: $0) }
    #expect(parsed("10000000 5 " + ranges(LibraryPages.mostRanges)) != nil)
    #expect(parsed("10000000 5 " + ranges(LibraryPages.mostRanges + 1)) == nil)
  }

  @Test("small gaps are closed, large ones are left, and what lies outside the file is cut off")
  func merging() {
    let touched: [LibraryPages.Range] = [
      .init(start: 90, count: 100), .init(start: 0, count: 1), .init(start: 17, count: 2),
      .init(start: 36, count: 1), .init(start: -5, count: 2), .init(start: 200, count: 9),
    ]
    let pages = LibraryPages(size: 100 * 4096 - 7, modified: 1, touched: touched)
    #expect(
      pages?.ranges == [
        .init(start: 0, count: 19), .init(start: 36, count: 1), .init(start: 90, count: 10),
      ])
    #expect(LibraryPages(size: 100, modified: 1, touched: []) == nil)
    #expect(LibraryPages(size: 0, modified: 1, touched: touched) == nil)
  }

  @Test("the end of the program has what was touched since, and nothing twice")
  func end() {
    let after = { (ranges: [(Int, Int)]) -> [LibraryPages.Range] in
      var pages = LibraryPages(
        size: 1000 * 4096, modified: 1,
        ranges: [.init(start: 100, count: 50), .init(start: 300, count: 50)])
      pages.setEnd(
        from: LibraryPages(
          size: 1000 * 4096, modified: 1,
          ranges: ranges.map { LibraryPages.Range(start: $0.0, count: $0.1) }))
      return pages.atEnd
    }
    #expect(after([(100, 50), (300, 50)]) == [])
    #expect(after([(120, 10)]) == [])
    #expect(
      after([(0, 20), (100, 50), (200, 30), (300, 50), (900, 5)]) == [
        .init(start: 0, count: 20), .init(start: 200, count: 30), .init(start: 900, count: 5),
      ])
    // On both sides of a range, and over one as a whole: what lies between is no gap worth leaving.
    #expect(after([(60, 140)]) == [.init(start: 60, count: 40), .init(start: 150, count: 50)])
    #expect(
      after([(60, 440)]) == [
        .init(start: 60, count: 40), .init(start: 150, count: 150), .init(start: 350, count: 150),
      ])
    #expect(
      after([(60, 45), (140, 30)]) == [.init(start: 60, count: 40), .init(start: 150, count: 20)])
    var pages = pages(of: 128 * 4096)
    pages.setEnd(from: LibraryPages(size: 1, modified: 1, ranges: [.init(start: 50, count: 2)]))
    #expect(pages.atEnd.isEmpty)
  }

  @Test("many small ranges become few larger ones")
  func capped() throws {
    let touched = (0..<5000).map { LibraryPages.Range(start: $0 * 20, count: 1) }
    let pages = try #require(LibraryPages(size: 1 << 30, modified: 1, touched: touched))
    #expect(pages.ranges.count <= LibraryPages.mostRanges)
    #expect(pages.ranges.first?.start == 0)
    #expect(pages.ranges.last?.end == 4999 * 20 + 1)
    #expect(LibraryPages(pages.encoded[...]) == pages)
  }

  @Test("random touches are always covered, in a form that is read again")
  func property() throws {
    var generator = SplitMix(state: 7)
    for _ in 0..<200 {
      let touched = (0..<Int.random(in: 1..<400, using: &generator)).map { _ in
        LibraryPages.Range(
          start: Int.random(in: 0..<20_000, using: &generator),
          count: Int.random(in: 1..<40, using: &generator))
      }
      let pages = try #require(LibraryPages(size: 100 << 20, modified: 3, touched: touched))
      #expect(LibraryPages(pages.encoded[...]) == pages)
      for range in touched {
        #expect(pages.ranges.contains { $0.start <= range.start && range.end <= $0.end })
      }
    }
  }
}

@Suite("Library entries")
struct LibraryEntryTests {
  let scope = ProfileScope(settings: profileSettings())

  @Test(
    "only what a program could have mapped is a library",
    arguments: [
      ("/usr/lib/libm.so.6", true), ("/lib/py/site/numpy.libs/libx-1.so", true),
      ("/opt/libx.so.1.2.3", true), ("/dev/x.so", false), ("/proc/1/root/libm.so", false),
      ("/sys/x.so", false), ("/usr/../lib/x.so", false), ("usr/lib/x.so", false), ("", false),
      ("/usr/lib//x.so", false), ("/usr/lib/x.so/", false), ("/usr/lib/.so", false),
      ("/etc/shadow", false), ("/usr/lib/x.socket", false), ("/dev/watchdog", false),
    ])
  func allowed(path: String, isAllowed: Bool) {
    #expect(scope.allows(entry(.library, path, pages: pages(of: 1 << 20))) == isAllowed)
    #expect(!scope.allows(entry(.library, path)))
  }

  private func used(_ name: String, at path: String? = nil) -> UsedLibrary {
    UsedLibrary(
      name: Array(name.utf8), path: Array((path ?? name).utf8), pages: pages(of: 1 << 20))
  }

  @Test("libraries stand behind the extension module that brought them")
  func order() {
    let needs = ["/lib/py/a.so", "/lib/py/m.py", "/lib/py/b.so"].map {
      Recording.Need.file(Array($0.utf8))
    }
    let libraries = [
      used("/usr/lib/early.so"), used("/lib/py/a.so"),
      used("/usr/lib/l.so.1", at: "/usr/lib/l.so.1.2"),
      used("/lib/py/b.so"), used("/lib/py/x.libs/late.so"), used("/usr/lib/l.so.1.2"),
    ]
    let profile = Profile(needs, libraries, after: Profile(), atEnd: true, in: scope)
    let known = pages(of: 1 << 20)
    #expect(
      profile.entries == [
        entry(.library, "/usr/lib/early.so", pages: known),
        entry(.native, "/lib/py/a.so", pages: known),
        entry(.library, "/usr/lib/l.so.1.2", pages: known), entry(.source, "/lib/py/m.py"),
        entry(.native, "/lib/py/b.so", pages: known),
        entry(.library, "/lib/py/x.libs/late.so", pages: known),
      ])
    #expect(profile.fileCounts.fresh == 3)
    // Where pages cannot be seen, what was known stays, and libraries age.
    let blind = Profile(needs, after: profile, atEnd: true, in: scope)
    #expect(blind.entries.prefix(3).map(\.pages) == [known, nil, known])
    #expect(blind.entries.filter { $0.kind == .library }.map(\.age) == [1, 1, 1])
  }

  @Test("names that were looked for in vain stand behind the object that they were looked for for")
  func missing() {
    var native = used("/lib/py/a.so")
    native.missing = ["/lib/py/x.libs/tls", "/proc/self/libc.so.6"].map { Array($0.utf8) }
    let need = Recording.Need.file(Array("/lib/py/a.so".utf8))
    let libraries = [native, used("/lib/py/x.libs/late.so")]
    let profile = Profile([need], libraries, after: Profile(), atEnd: true, in: scope)
    let known = pages(of: 1 << 20)
    #expect(
      profile.entries == [
        entry(.native, "/lib/py/a.so", pages: known), entry(.name, "/lib/py/x.libs/tls"),
        entry(.library, "/lib/py/x.libs/late.so", pages: known),
      ])
    #expect(profile.needed.map(\.kind) == [.native])
    #expect(profile.fileCounts.fresh == 1)
  }

  @Test("no more libraries are kept than may be read again")
  func bounded() {
    let many = (0..<2000).map { used("/usr/lib/l\($0).so") }
    let profile = Profile([], many, after: Profile(), atEnd: true, in: scope)
    #expect(profile.entries.count == Profile.mostLibraries)
    #expect(Profile(profile.encoded(), in: scope)?.entries == profile.entries)
  }

  @Test("no more names are kept than may be read again")
  func boundedNames() {
    var library = used("/usr/lib/l.so")
    library.missing = (0..<5000).map { Array("/opt/l\($0)".utf8) }
    let profile = Profile([], [library], after: Profile(), atEnd: true, in: scope)
    #expect(profile.entries.count == 1 + Profile.mostNames)
    #expect(Profile(profile.encoded(), in: scope)?.entries == profile.entries)
  }

  @Test("what the end touches is kept over runs, and never makes a profile that is not read again")
  func ends() throws {
    let spread = { (start: Int, count: Int) in
      (0..<count).map { LibraryPages.Range(start: start + $0 * 40, count: 1) }
    }
    let size = 20_000 * LibraryPages.unit
    let object = { (number: Int, ranges: [LibraryPages.Range]) in
      let path = Array("/usr/lib/l\(number).so".utf8)
      return UsedLibrary(
        name: path, path: path, pages: LibraryPages(size: size, modified: 1, ranges: ranges))
    }
    let before = (0..<100).map { object($0, spread(0, 100)) }
    let after = (0..<100).map { object($0, spread(0, 100) + spread(8000, 200)) }
    var profile = Profile([], before, after: Profile(), atEnd: true, in: scope)
    let isNew = profile.setEnd(from: after)
    #expect(isNew)
    #expect(profile.entries[0].pages?.atEnd == spread(8000, 200))
    let ranges = profile.entries.reduce(0) { $0 + ($1.pages?.atEnd.count ?? 0) }
    #expect(ranges == (Profile.mostRanges - 100 * 100) / 200 * 200)
    let read = try #require(Profile(profile.encoded(), in: scope))
    #expect(read.entries == profile.entries)
    // The next run has touched more from the start, and its end has not come yet.
    let more = (0..<100).map { object($0, spread(0, 160)) }
    let next = Profile([], more, after: read, atEnd: true, in: scope)
    #expect(next.entries[0].pages?.atEnd == spread(8000, 200))
    #expect(Profile(next.encoded(), in: scope)?.entries == next.entries)
  }
}

@Suite("Mapped objects")
struct MappedObjectTests {
  @Test("the C library is mapped, some of its pages are touched, and not all")
  func touched() throws {
    #expect(MappedObject.count == MappedObject.all.count)
    guard access("/proc/self/pagemap", R_OK) == 0 else { return }
    let used = LibraryRecording(first: 0).libraries
    let library = try #require(
      used.first { String(decoding: $0.name, as: UTF8.self).contains("/libc.so") })
    #expect(library.pages.bytes > 64 << 10)
    #expect(library.pages.bytes <= library.pages.size + LibraryPages.unit)
    #expect(library.pages.ranges.first?.start == 0)
    #expect(LibraryRecording(first: MappedObject.count).libraries.isEmpty)
  }

  @Test("the pages of a library that was read by name alone are those of its code that ran")
  func fresh() throws {
    let tree = try TemporaryTree()
    let source = try #require(
      MappedObject.all.first { String(decoding: $0.path, as: UTF8.self).contains("/libm.so") })
    let copy = try #require(fopen(String(decoding: source.path, as: UTF8.self), "r"))
    defer { fclose(copy) }
    var bytes: [UInt8] = []
    while case let byte = fgetc(copy), byte != EOF { bytes.append(UInt8(byte)) }
    try tree.write("libcopy.so", bytes)
    let before = MappedObject.count
    let handle = try #require(dlopen(tree.path("libcopy.so"), RTLD_NOW))
    defer { dlclose(handle) }
    let recorded = LibraryRecording(first: before).libraries
    guard !recorded.isEmpty else { return }
    #expect(recorded.map(\.path) == [tree.bytes("libcopy.so")])
    #expect((recorded.first?.pages.bytes ?? .max) < bytes.count)
  }
}

@Suite("LibraryWarmer with known pages")
struct KnownPagesTests {
  private func known(_ tree: TemporaryTree, size: Int) throws -> LibraryPages {
    let status = try FileStatus(path: CPath(tree.bytes("x.so")))
    return LibraryPages(
      size: size, modified: status.modified, ranges: [.init(start: 1, count: 2)])
  }

  @Test("just the ranges are asked for, once")
  func ranges() throws {
    let tree = try TemporaryTree()
    try tree.write("x.so", [UInt8](repeating: 1, count: 5 * 4096))
    let known = try known(tree, size: 5 * 4096)
    let warmer = LibraryWarmer()
    #expect(warmer.warm(tree.bytes("x.so"), known) == 2 * 4096)
    #expect(warmer.warm(tree.bytes("x.so"), known) == 0)
    #expect(warmer.warm(tree.bytes("x.so")) == 0)
  }

  @Test("a file that was replaced or truncated, or is none, is told of")
  func replaced() throws {
    let tree = try TemporaryTree()
    try tree.write("x.so", [UInt8](repeating: 1, count: 5 * 4096))
    let known = try known(tree, size: 5 * 4096)
    let warmer = LibraryWarmer()
    try tree.write("x.so", [UInt8](repeating: 1, count: 4096))
    #expect(warmer.warm(tree.bytes("x.so"), known) == nil)
    try tree.write("x.so", [UInt8](repeating: 1, count: 5 * 4096))
    try tree.touch("x.so", seconds: 1000)
    #expect(warmer.warm(tree.bytes("x.so"), known) == nil)
    for make in [{ mkfifo($0, 0o600) }, { mkdir($0, 0o700) }] {
      tree.delete("x.so")
      #expect(warmer.warm(tree.bytes("x.so"), known) == nil)
      #expect(make(tree.path("x.so")) == 0)
      #expect(warmer.warm(tree.bytes("x.so"), known) == nil)
    }
  }
}

extension TemporaryTree {
  /// Removes a file or an empty directory if there is one.
  fileprivate func delete(_ name: String) { _ = Glibc.remove(path(name)) }
}
