import Glibc
import Testing

@testable import ImportaheadCore

@Suite("DirectoryReader")
struct DirectoryReaderTests {
  private let tree: TemporaryTree

  init() throws { tree = try TemporaryTree() }

  /// The names that readdir(3) gives, without `.` and `..`.
  private func oracle(_ name: String) -> Set<[UInt8]> {
    guard let directory = opendir(tree.path(name)) else { return [] }
    defer { closedir(directory) }
    var names: Set<[UInt8]> = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      names.insert(name)
    }
    return names.subtracting([[0x2e], [0x2e, 0x2e]])
  }

  private func names(_ listing: DirectoryListing) -> [[UInt8]] {
    listing.names.split(separator: 0).map { Array($0) }
  }

  @Test("it gives the names that readdir gives, each with its kind")
  func oracle() throws {
    try tree.write("d/file.py")
    try tree.makeDirectory("d/package")
    try tree.link("d/link.py", to: "file.py")
    #expect(mkfifo(tree.path("d/pipe"), 0o600) == 0)
    // Not UTF-8, and as long as a name may be.
    let strange: [UInt8] = [0xff, 0xfe, 0x80, 0x2e, 0x70, 0x79]
    let long = [UInt8](repeating: 0x78, count: 255)
    for name in [strange, long] {
      let path = tree.bytes("d/") + name + [0]
      let descriptor = path.map { CChar(bitPattern: $0) }.withUnsafeBufferPointer { name in
        name.baseAddress.map { open($0, O_CREAT | O_WRONLY, 0o600) } ?? -1
      }
      #expect(descriptor >= 0)
      close(descriptor)
    }
    let listing = try DirectoryListing.read(tree.bytes("d"))
    #expect(Set(names(listing)) == oracle("d"))
    #expect(listing.count == 6)
    #expect(listing.kind(of: Array("file".utf8), Array(".py".utf8)) == .file)
    #expect(listing.kind(of: Array("package".utf8)) == .directory)
    #expect(listing.kind(of: Array("link.py".utf8)) == .unknown)
    #expect(listing.kind(of: Array("pipe".utf8)) == .unknown)
    #expect(listing.kind(of: strange) == .file)
    #expect(listing.kind(of: long) == .file)
    #expect(listing.kind(of: [0x2e]) == .absent)
    #expect(try listing.status == FileStatus(path: CPath(tree.bytes("d"))))
  }

  @Test("what is in memory is read at once; what is not there fails at once or is left alone")
  func cached() throws {
    try tree.write("d/file.py")
    let path = tree.bytes("d")
    let listing = try DirectoryListing.read(path)
    // Another kernel or file system may always say that it would have to look.
    if let cached = try DirectoryListing.readCached(path, on: KnownFileSystems()) {
      #expect(cached.names == listing.names)
      #expect(cached.status == listing.status)
      #expect(cached.isLocal)
    }
    for name in ["absent", "d/file.py"] {
      #expect(((try? DirectoryListing.readCached(tree.bytes(name), on: .init())) ?? nil) == nil)
    }
    #expect(
      ((try? DirectoryListing.readCached(Array("/proc/self/fd".utf8), on: .init())) ?? nil) == nil)
  }

  @Test("an empty directory has no names")
  func empty() throws {
    let listing = try DirectoryListing.read(tree.bytes(""))
    #expect(listing.count == 0)
    #expect(listing.names.isEmpty)
    #expect(listing.kind(of: []) == .absent)
  }

  @Test("more names than one buffer holds are all there")
  func many() throws {
    for number in 0..<3000 { try tree.write("\(number)-\(String(repeating: "x", count: 30))") }
    let listing = try DirectoryListing.read(tree.bytes(""))
    #expect(listing.count == 3000)
    #expect(Set(names(listing)) == oracle(""))
  }

  @Test("a directory with more names than are kept is refused")
  func tooMany() throws {
    let made = open(tree.path("0"), O_CREAT | O_WRONLY, 0o600)
    defer { close(made) }
    // Links are the cheapest names; a file may not have as many as are needed everywhere.
    for number in 1...DirectoryListing.mostNames {
      guard link(tree.path("0"), tree.path("\(number)")) != 0 else { continue }
      close(open(tree.path("\(number)"), O_CREAT | O_WRONLY, 0o600))
    }
    #expect(throws: Errno(code: E2BIG)) { try DirectoryListing.read(tree.bytes("")) }
    #expect(unlink(tree.path("0")) == 0)
    #expect(try DirectoryListing.read(tree.bytes("")).count == DirectoryListing.mostNames)
  }

  @Test("what is no directory throws its reason")
  func refused() throws {
    try tree.write("file")
    try tree.link("broken", to: "nowhere")
    #expect(throws: Errno(code: ENOENT)) { try DirectoryListing.read(tree.bytes("missing")) }
    #expect(throws: Errno(code: ENOTDIR)) { try DirectoryListing.read(tree.bytes("file")) }
    #expect(throws: Errno(code: ENOENT)) { try DirectoryListing.read(tree.bytes("broken")) }
    #expect(throws: Errno(code: ENOENT)) { try DirectoryListing.read([]) }
  }

  @Test("a directory that has just changed is racy, an old one is not")
  func racy() throws {
    #expect(try DirectoryListing.read(tree.bytes("")).isRacy)
    #expect(try !DirectoryListing.read(SettledTree.shared.get().bytes("files")).isRacy)
  }
}
