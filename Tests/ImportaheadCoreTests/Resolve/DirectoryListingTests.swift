import Testing

@testable import ImportaheadCore

@Suite("DirectoryListing")
struct DirectoryListingTests {
  private func listing(_ names: [(String, EntryKind)]) throws -> DirectoryListing {
    let status = try FileStatus(path: CPath(Array("/".utf8)))
    let listing = DirectoryListing(path: Array("/".utf8), status: status, isLocal: true, readAt: 0)
    for (name, kind) in names { listing.append(Array(name.utf8), kind) }
    return listing
  }

  @Test("nothing is found before the listing is sealed")
  func unsealed() throws {
    let listing = try listing([("a", .file)])
    #expect(listing.kind(of: Array("a".utf8)) == .absent)
    listing.seal()
    #expect(listing.kind(of: Array("a".utf8)) == .file)
  }

  @Test("stem and suffix together make the name")
  func suffix() throws {
    let listing = try listing([("a.py", .file), ("a", .directory), ("a.pyc", .unknown)])
    listing.seal()
    let stem = Array("a".utf8)
    #expect(listing.kind(of: stem) == .directory)
    #expect(listing.kind(of: stem, Array(".py".utf8)) == .file)
    #expect(listing.kind(of: stem, Array(".pyc".utf8)) == .unknown)
    #expect(listing.kind(of: stem, Array(".pyo".utf8)) == .absent)
    #expect(listing.kind(of: Array("a.py".utf8)) == .file)
    #expect(listing.kind(of: Array("a.p".utf8), Array("y".utf8)) == .file)
    #expect(listing.kind(of: [], Array("a".utf8)) == .directory)
  }

  @Test("every name is followed by a NUL")
  func names() throws {
    let listing = try listing([("one", .file), ("two", .file)])
    #expect(listing.names == Array("one\0two\0".utf8))
    #expect(listing.count == 2)
  }

  @Test("each of many names is found, and no other", arguments: [1, 7, 8, 9, 100, 5000])
  func many(count: Int) throws {
    let listing = try listing((0..<count).map { ("m\($0).py", .file) })
    listing.seal()
    let suffix = Array(".py".utf8)
    for number in 0..<count {
      #expect(listing.kind(of: Array("m\(number)".utf8), suffix) == .file)
    }
    for number in count..<(count + 100) {
      #expect(listing.kind(of: Array("m\(number)".utf8), suffix) == .absent)
    }
  }
}
