import Testing

@testable import ImportaheadCore

/// The file of a bundle with the given bodies behind its index.
func bundleFile(_ index: BundleIndex, _ bodies: [[UInt8]]) -> [UInt8] {
  index.encoded() + bodies.flatMap { $0 }
}

/// A bundle with a directory, two files, an extension module and a module without bytecode.
struct SampleBundle {
  var index = BundleIndex()
  let bodies: [[UInt8]] = [
    (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 3) }, Array("second".utf8),
  ]

  init() {
    index.magic = 0x0A0D_0DA7
    index.cacheSuffix = Array(".cpython-311.opt-2.pyc".utf8)
    index.cachePrefix = Array("/var/cache".utf8)
    index.program = 0xFEDC_BA98_7654_3210
    index.isComplete = true
    index.texts = Array("\u{1}a.py\0\u{2}b\0pages".utf8)
    index.entries = [
      entry(.directory, "/lib/py", length: index.texts.count - 5),
      entry(.source, "/lib/py/a.py", length: 300, body: bodies[0], isSettled: true),
      entry(.native, "/lib/py/n.so", length: 5),
      entry(.bytecode, "/lib/py/c.pyc", length: 6, body: bodies[1]),
      entry(.source, "/lib/py/none.py", length: 0),
    ]
  }

  var bytes: [UInt8] { bundleFile(index, bodies) }

  private func entry(
    _ kind: ProfileEntry.Kind, _ path: String, length: Int, body: [UInt8]? = nil,
    isSettled: Bool = false
  ) -> BundleEntry {
    BundleEntry(
      kind: kind, path: Array(path.utf8),
      status: PackedStatus(
        inode: 7, size: UInt64(body?.count ?? 4096), modified: -5, changed: 1 << 60),
      length: length, checksum: body.map { BundleChecksum.of($0) } ?? 0, isSettled: isSettled)
  }
}

@Suite("Bundle index")
struct BundleIndexTests {
  private let sample = SampleBundle()

  /// Reads a whole bundle's bytes as `BundleFile` would.
  private func read(_ bytes: [UInt8]) -> BundleIndex? {
    guard let extent = BundleIndex.extent(of: bytes), extent.index <= bytes.count else {
      return nil
    }
    return BundleIndex(Array(bytes[..<extent.index]), fileSize: bytes.count)
  }

  @Test("what is written is read again")
  func roundTrip() {
    #expect(read(sample.bytes) == sample.index)
    var other = sample.index
    other.isOfCopies = true
    other.isComplete = false
    #expect(read(bundleFile(other, sample.bodies)) == other)
    let empty = BundleIndex()
    #expect(read(empty.encoded()) == empty)
  }

  @Test("a file cut short or made longer anywhere is no bundle")
  func truncation() {
    let bytes = sample.bytes
    for count in 0..<bytes.count {
      #expect(read(Array(bytes[..<count])) == nil, "cut to \(count) bytes")
    }
    #expect(read(bytes + [0]) == nil)
  }

  @Test("a bit flipped anywhere in front of the bodies makes it no bundle")
  func bitFlips() {
    let bytes = sample.bytes
    for place in 0..<sample.index.encoded().count {
      for bit in 0..<8 {
        var flipped = bytes
        flipped[place] ^= 1 << UInt8(bit)
        #expect(read(flipped) == nil, "bit \(bit) of byte \(place)")
      }
    }
  }

  @Test("numbers that lie, under a right checksum, never trap")
  func hostileNumbers() {
    let whole = sample.bytes
    let size = sample.index.encoded().count
    let values: [UInt64] = [
      0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF, 1 << 63, UInt64.max,
    ]
    var accepted = 0
    for place in 24..<size {
      for (value, width) in values.flatMap({ value in [1, 2, 4, 8].map { (value, $0) } }) {
        var bytes = whole
        for offset in 0..<width where place + offset < size {
          bytes[place + offset] = UInt8(truncatingIfNeeded: value >> UInt64(8 * offset))
        }
        seal(&bytes, size)
        guard let found = read(bytes) else { continue }
        accepted += 1
        #expect(found.texts.count == sample.index.texts.count)
        #expect(found.bodySize == sample.index.bodySize)
      }
    }
    // Times, inodes, and bytes that stay as they were.
    #expect(accepted > 1000)
  }

  /// Puts the checksum right that the header holds.
  private func seal(_ bytes: inout [UInt8], _ size: Int) {
    var sum: [UInt8] = []
    sum.append(BundleChecksum.of(Array(bytes[..<56]) + bytes[64..<size]), size: 8)
    bytes.replaceSubrange(56..<64, with: sum)
  }

  @Test("random bytes behind a right heading and checksum never trap")
  func random() {
    var generator = SplitMix(state: 11)
    let heading = Array(sample.bytes[..<24])
    for _ in 0..<3000 {
      let count = Int.random(in: 64..<400, using: &generator)
      var bytes = heading
      for _ in 24..<count { bytes.append(UInt8.random(in: 0...3, using: &generator)) }
      var numbers: [UInt8] = []
      numbers.append(UInt64.random(in: 0..<5, using: &generator), size: 4)
      numbers.append(UInt64(count - 64), size: 4)
      numbers.append(UInt64(count), size: 8)
      bytes.replaceSubrange(40..<56, with: numbers)
      seal(&bytes, count)
      _ = read(bytes)
    }
  }

  @Test(
    "an entry with a path that no profile would have makes it no bundle",
    arguments: ["relative.py", "/nul\u{0}.py", "", "long"])
  func refused(path: String) {
    let path = path == "long" ? String(repeating: "/d", count: 2500) : path
    var index = BundleIndex()
    index.entries = [BundleEntry(kind: .source, path: Array(path.utf8))]
    #expect(read(index.encoded()) == nil)
  }

  @Test("more entries than are allowed make it no bundle")
  func tooMany() {
    var index = BundleIndex()
    let entry = BundleEntry(kind: .native, path: Array("/n.so".utf8))
    index.entries = Array(repeating: entry, count: BundleIndex.mostEntries)
    #expect(read(index.encoded()) == index)
    index.entries.append(entry)
    #expect(read(index.encoded()) == nil)
  }

  @Test(
    "the checksum is XXH64",
    arguments: [
      ("", 0xEF46_DB37_51D8_E999), ("a", 0xD24E_C4F1_A98C_6E5B), ("abc", 0x44BC_2CF5_AD77_0999),
      ("Nobody inspects the spammish repetition", 0xFBCE_A83C_8A37_8BF1),
    ] as [(String, UInt64)])
  func checksum(text: String, expected: UInt64) {
    #expect(BundleChecksum.of(Array(text.utf8)) == expected)
  }
}

@Suite("Bundle listing")
struct BundleListingTests {
  private func unpacked(_ bytes: [UInt8]) throws -> DirectoryListing? {
    let status = try FileStatus(path: CPath(Array("/".utf8)))
    return DirectoryListing.unpacked(
      bytes[...], path: Array("/".utf8), status: status, isLocal: true)
  }

  @Test("the names of a directory survive packing")
  func roundTrip() throws {
    let tree = try TemporaryTree()
    try tree.write("d/a.py")
    try tree.write("d/\u{e9} \n.py")
    try tree.write("d/sub/b.py")
    try tree.link("d/link.py", to: "a.py")
    let listing = try DirectoryListing.read(tree.bytes("d"))
    let found = try #require(try unpacked(listing.packed()))
    #expect(found.names == listing.names)
    for name in listing.names.split(separator: 0).map({ Array($0) }) {
      #expect(found.kind(of: name) == listing.kind(of: name))
    }
    #expect(!found.isRacy)
  }

  @Test(
    "names that no directory has are refused",
    arguments: [
      "\u{1}a", "\u{1}\0", "\u{0}a\0", "\u{4}a\0", "\u{1}a/b\0", "\u{1}.\0", "\u{2}..\0",
      "\u{1}a\0\u{1}",
    ])
  func refused(bytes: String) throws {
    #expect(try unpacked(Array(bytes.utf8)) == nil)
  }
}
