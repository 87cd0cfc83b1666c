import CLinux
import FoundationEssentials
import Testing

@testable import ImportaheadCore

@Suite("Open file")
struct OpenFileTests {
  /// Whether files of the tests are on a disk: tmpfs(5) has nothing to read ahead.
  private static var isOnDisk: Bool {
    let descriptor = importahead_open(FileManager.default.temporaryDirectory.path, O_RDONLY)
    defer { close(descriptor) }
    var status = statfs()
    return importahead_fstatfs(descriptor, &status) == 0 && status.f_type != 0x0102_1994
  }

  /// How many pages of the file are in the page cache.
  private func resident(_ path: String, size: Int) throws -> Int {
    let descriptor = importahead_open(path, O_RDONLY | O_CLOEXEC)
    defer { close(descriptor) }
    let start = try #require(mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0))
    defer { munmap(start, size) }
    var pages = [UInt8](repeating: 0, count: size / Int(getpagesize()))
    #expect(mincore(start, size, &pages) == 0)
    return pages.count { $0 & 1 != 0 }
  }

  @Test(
    "more than the kernel takes of one request is read ahead to its end",
    .enabled(if: isOnDisk, "temporary files are in memory"))
  func readAhead() throws {
    let tree = try TemporaryTree()
    // Beyond every device's read-ahead window; the file is a hole and takes no room.
    let size = 64 << 20
    try tree.write("large", "")
    #expect(truncate(tree.path("large"), size) == 0)
    let file = try OpenFile(library: CPath(tree.bytes("large")))
    #expect(try resident(tree.path("large"), size: size) == 0)
    let half = size / 2
    file.readAhead(from: half, size: half)
    let wanted = half / Int(getpagesize())
    let deadline = Instant.now.adding(milliseconds: 20_000)
    while try resident(tree.path("large"), size: size) < wanted, Instant.now < deadline {
      usleep(2000)
    }
    #expect(try resident(tree.path("large"), size: size) == wanted)
  }

  @Test(
    "a whole file is asked for if it is a plain one and not too large",
    arguments: [("plain", 10), ("empty", 0), ("large", 0), ("missing", 0), ("folder", 0)])
  func warm(name: String, bytes: Int) throws {
    let tree = try TemporaryTree()
    try tree.write("plain", "0123456789")
    try tree.write("empty", "")
    try tree.write("large", "0123456789x")
    try tree.makeDirectory("folder")
    #expect(OpenFile.warm(tree.bytes(name), limit: 10) == bytes)
  }
}
