import Glibc
import Testing

@testable import ImportaheadCore

@Suite("FileStatus")
struct FileStatusTests {
  private let tree: TemporaryTree

  init() throws {
    tree = try TemporaryTree()
    try tree.write("file", "text")
  }

  private func status(_ name: String = "file") throws -> FileStatus {
    try FileStatus(path: CPath(tree.bytes(name)))
  }

  @Test("it says what stat(2) says")
  func oracle() throws {
    for name in ["file", ""] {
      var expected = stat()
      #expect(stat(tree.path(name), &expected) == 0)
      let found = try status(name)
      #expect(found.inode == UInt64(expected.st_ino))
      #expect(found.size == UInt64(expected.st_size))
      #expect(UInt32(found.mode) == expected.st_mode)
      #expect(found.modified == expected.st_mtim.tv_sec * 1_000_000_000 + expected.st_mtim.tv_nsec)
      #expect(found.changed == expected.st_ctim.tv_sec * 1_000_000_000 + expected.st_ctim.tv_nsec)
      #expect(found.isRegular == (name == "file"))
      #expect(found.isDirectory == (name == ""))
    }
  }

  @Test("path and descriptor lead to the same status, links followed")
  func descriptor() throws {
    try tree.link("link", to: "file")
    let descriptor = open(tree.path("file"), O_RDONLY)
    defer { close(descriptor) }
    let found = try FileStatus(descriptor: descriptor)
    #expect(try found == status())
    #expect(try found == status("link"))
  }

  @Test("all ways of asking agree")
  func ways() throws {
    for name in ["file", ""] {
      let path = CPath(tree.bytes(name))
      let found = try status(name)
      #expect(try found == FileStatus(looking: path))
      #expect(try found == FileStatus(opening: path))
      #expect(try found == FileStatus(path: path, .owned))
    }
    let descriptor = open(tree.path("file"), O_RDONLY)
    defer { close(descriptor) }
    #expect(try status() == FileStatus(descriptor: descriptor, .owned, .present))
    #expect(try FileStatus(descriptor: descriptor, .owned).owner == getuid())
    #expect(try FileStatus(descriptor: descriptor, .owned).links == 1)
    #expect(!FileStatus.isReplaced)
  }

  @Test("the time of last access is never asked for")
  func accessTime() {
    let timeOfAccess: UInt32 = 0x20  // STATX_ATIME
    for fields in [FileStatus.Fields.compared, .owned] {
      #expect(fields.mask & timeOfAccess == 0)
    }
  }

  @Test("a file that is written to, replaced or made unreadable is another")
  func changes() throws {
    let before = try status()
    #expect(try status() == before)
    try tree.write("file", "longer text")
    let written = try status()
    #expect(written != before)
    try tree.write("other", "longer text")
    #expect(rename(tree.path("other"), tree.path("file")) == 0)
    let replaced = try status()
    #expect(replaced != written)
    #expect(chmod(tree.path("file"), 0o600) == 0)
    #expect(try status() != replaced)
  }

  @Test("reading changes nothing")
  func reading() throws {
    let before = try status()
    let fetch = FileFetch(
      contentsOf: tree.bytes("file"), limit: 10, isLocal: false, from: FileBytesAllocator())
    fetch.performAll()
    #expect(try status() == before)
  }

  @Test("what is missing throws its reason")
  func missing() throws {
    #expect(throws: Errno(code: ENOENT)) { try status("missing") }
    #expect(throws: Errno(code: ENOTDIR)) { try status("file/below") }
    #expect(throws: Errno(code: EBADF)) { try FileStatus(descriptor: -5) }
  }

  @Test(
    "seconds are those of int(st_mtime), before the epoch too",
    arguments: [(5, 999_999_999, 5), (0, 0, 0), (-1, 0, -1), (-1, 500_000_000, -1), (-3, 1, -3)])
  func seconds(seconds: Int, nanoseconds: Int, expected: Int) throws {
    try tree.touch("file", seconds: seconds, nanoseconds: nanoseconds)
    #expect(try status().modifiedSeconds == expected)
  }

  @Test("what was touched within two seconds proves nothing")
  func racy() throws {
    try tree.touch("file", seconds: 1_000_000_000)
    let status = try status()
    #expect(status.isRacy(at: Instant.realTime))
    #expect(status.isRacy(at: status.changed + FileStatus.racyWindow - 1))
    #expect(!status.isRacy(at: status.changed + FileStatus.racyWindow))
    #expect(status.isRacy(at: status.changed - FileStatus.racyWindow * 100))
    // A clock that went back, or a file from the future.
    #expect(status.isRacy(at: 0))
  }

  @Test("a file from the future is racy")
  func future() throws {
    try tree.touch("file", seconds: 4_000_000_000)
    let status = try status()
    #expect(status.isRacy(at: status.changed + FileStatus.racyWindow * 10))
  }
}
