import Glibc
import Testing

@testable import ImportaheadCore

@Suite("Gate")
struct GateTests {
  private let tree: TemporaryTree
  private let path: [UInt8]
  private let status: FileStatus

  init() throws {
    tree = try TemporaryTree()
    try tree.write("file", "text")
    try tree.write("directory/name", "")
    path = tree.bytes("file")
    status = try FileStatus(path: CPath(path))
  }

  private func gate(asksServer: Bool, _ rights: InitialRights?) -> Gate {
    let known = KnownFileSystems()
    known.note(status.device, isLocal: !asksServer)
    return Gate(fileSystems: known, rights: rights)
  }

  private func listing() throws -> DirectoryListing {
    try DirectoryListing.read(tree.bytes("directory"))
  }

  @Test("a file that is as it was may pass, be it opened or asked for", arguments: [false, true])
  func unchanged(asksServer: Bool) throws {
    let gate = gate(asksServer: asksServer, InitialRights())
    #expect(gate.admits(file: path, as: status))
    for isListed in [false, true] {
      #expect(gate.admits(try listing(), isListed: isListed))
    }
  }

  @Test("one that was written to, or has gone, may not", arguments: [false, true])
  func changed(asksServer: Bool) throws {
    let gate = gate(asksServer: asksServer, InitialRights())
    let before = try listing()
    try tree.write("file", "other text")
    try tree.write("directory/other", "")
    #expect(!gate.admits(file: path, as: status))
    #expect(!gate.admits(before, isListed: false))
    #expect(!gate.admits(before, isListed: true))
    #expect(unlink(tree.path("file")) == 0)
    #expect(!gate.admits(file: path, as: status))
  }

  @Test("without the rights of the beginning a file is opened, or does not pass")
  func otherRights() {
    #expect(gate(asksServer: false, nil).admits(file: path, as: status))
    #expect(!gate(asksServer: true, nil).admits(file: path, as: status))
  }

  @Test("where nothing is known of a file system, its files are opened")
  func unknown() {
    #expect(Gate().admits(file: path, as: status))
  }

  @Test("what has been put in a directory's place is not listed as one")
  func replaced() throws {
    let before = try listing()
    #expect(rename(tree.path("directory"), tree.path("moved")) == 0)
    try tree.write("directory", "a file")
    #expect(!Gate().admits(before, isListed: true))
    #expect(!Gate().admits(before, isListed: false))
  }
}
