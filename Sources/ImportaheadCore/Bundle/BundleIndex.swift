/// What stands in front of a bundle's bytecode: for whom it is, and what it holds.
///
/// In the file: a header of 64 bytes; the cache suffix and prefix; a record for each entry; the texts of
/// directories and shared objects. The bytes of the bytecode files follow, one after the other, to the file's end.
struct BundleIndex: Equatable, Sendable {
  /// In the order of need.
  var entries: [BundleEntry] = []
  /// What is kept of entries other than bytecode, one after the other: the names in a directory, the
  /// pages of a shared object.
  var texts: [UInt8] = []
  /// What replaces a source's suffix in its cache directory (`SessionSettings.cacheSuffix`).
  var cacheSuffix: [UInt8] = []
  /// `sys.pycache_prefix`, or empty.
  var cachePrefix: [UInt8] = []
  /// The interpreter's magic number.
  var magic: UInt32 = 0
  /// The program that needs the entries in their order; 0 for none.
  var program: UInt64 = 0
  /// Whether the order is that of a run that came to its end.
  var isComplete = false
  /// Whether files are compared as copies of those that were packed.
  var isOfCopies = false

  /// The most entries: all that a profile may name.
  static let mostEntries =
    2 &* Profile.mostEntries &+ Profile.mostLibraries &+ Profile.mostData &+ Profile.mostNames
  /// The largest index, its header included, in bytes.
  static let mostBytes = 16 << 20
  /// The largest bundle, in bytes.
  static let mostFileBytes = 256 << 20
  /// The bytes in front that tell how long the index is.
  static let headerSize = 64
  /// The size of a record without its path.
  private static let recordSize = 48

  private static let heading = Array("importahead bundle 1\n\0\0\0".utf8)

  /// How many bytes of bytecode follow the index.
  var bodySize: Int {
    var size = 0
    for entry in entries where entry.isBytecode { size &+= entry.length }
    return size
  }

  // MARK: Writing

  /// The bytes in front of the bytecode.
  func encoded() -> [UInt8] {
    var index: [UInt8] = []
    for text in [cacheSuffix, cachePrefix] {
      index.append(UInt64(text.count), size: 2)
      index += text
    }
    for entry in entries { Self.append(entry, to: &index) }
    index += texts
    var header = Self.heading
    header.append(UInt64(magic), size: 4)
    header.append((isComplete ? 1 : 0) | (isOfCopies ? 2 : 0), size: 4)
    header.append(program, size: 8)
    header.append(UInt64(entries.count), size: 4)
    header.append(UInt64(index.count), size: 4)
    header.append(UInt64(Self.headerSize &+ index.count &+ bodySize), size: 8)
    header.append(BundleChecksum.of(header + index), size: 8)
    return header + index
  }

  private static func append(_ entry: BundleEntry, to index: inout [UInt8]) {
    index.append(entry.kind.rawValue)
    index.append(entry.isSettled ? 1 : 0)
    index.append(UInt64(entry.path.count), size: 2)
    index.append(UInt64(entry.length), size: 4)
    index.append(entry.checksum, size: 8)
    index.append(entry.status.inode, size: 8)
    index.append(entry.status.size, size: 8)
    index.append(UInt64(bitPattern: Int64(entry.status.modified)), size: 8)
    index.append(UInt64(bitPattern: Int64(entry.status.changed)), size: 8)
    index += entry.path
  }

  /// An index without entries.
  init() {}

  // MARK: Reading

  /// How long the index is and how long the file, as the header says; `nil` where it is none.
  static func extent(of header: [UInt8]) -> (index: Int, file: Int)? {
    guard header.starts(with: heading),
      var cursor = ByteCursor(header, from: 44, to: headerSize),
      let index = cursor.number(4), let file = cursor.number(8), cursor.number(8) != nil,
      index <= UInt64(mostBytes &- headerSize), file <= UInt64(mostFileBytes)
    else { return nil }
    let size = headerSize &+ Int(index)
    return size <= Int(file) ? (size, Int(file)) : nil
  }

  /// Reads the front of a bundle of `fileSize` bytes; `nil` where anything about its form is wrong.
  init?(_ bytes: [UInt8], fileSize: Int) {
    guard let extent = Self.extent(of: bytes), extent.index == bytes.count,
      extent.file == fileSize,
      var header = ByteCursor(bytes, from: Self.heading.count, to: Self.headerSize),
      var index = ByteCursor(bytes, from: Self.headerSize, to: bytes.count),
      let magic = header.number(4), let flags = header.number(4), flags <= 3,
      let program = header.number(8), let count = header.number(4),
      header.number(4) != nil, header.number(8) != nil, let checksum = header.number(8),
      checksum == Self.checksum(of: bytes), count <= UInt64(Self.mostEntries)
    else { return nil }
    self.magic = UInt32(truncatingIfNeeded: magic)
    self.program = program
    isComplete = flags & 1 != 0
    isOfCopies = flags & 2 != 0
    guard let suffixSize = index.number(2), let suffix = index.take(Int(suffixSize)),
      let prefixSize = index.number(2), let prefix = index.take(Int(prefixSize)),
      readEntries(Int(count), &index)
    else { return nil }
    cacheSuffix = suffix
    cachePrefix = prefix
    guard extent.index &+ bodySize == fileSize else { return nil }
  }

  private static func checksum(of bytes: [UInt8]) -> UInt64 {
    BundleChecksum.of(Array(bytes[..<(headerSize &- 8)]) + Array(bytes[headerSize...]))
  }

  private mutating func readEntries(_ count: Int, _ cursor: inout ByteCursor) -> Bool {
    var textsSize = 0
    for _ in 0..<count {
      guard let entry = Self.entry(&cursor) else { return false }
      if !entry.isBytecode { textsSize &+= entry.length }
      entries.append(entry)
    }
    guard let rest = cursor.take(textsSize), cursor.isAtEnd else { return false }
    texts = rest
    return true
  }

  private static func entry(_ cursor: inout ByteCursor) -> BundleEntry? {
    guard let letter = cursor.number(1), let kind = ProfileEntry.Kind(rawValue: UInt8(letter)),
      let flags = cursor.number(1), flags <= 1, let pathSize = cursor.number(2),
      let length = cursor.number(4), let checksum = cursor.number(8),
      let inode = cursor.number(8), let size = cursor.number(8),
      let modified = cursor.number(8), let changed = cursor.number(8),
      let path = cursor.take(Int(pathSize)), path.first == PathBytes.slash, !path.contains(0),
      path.count <= ProfileScope.longestPath, length <= UInt64(FetchLimits().bytecodeSize)
    else { return nil }
    let entry = BundleEntry(
      kind: kind, path: path,
      status: PackedStatus(
        inode: inode, size: size, modified: Int(Int64(bitPattern: modified)),
        changed: Int(Int64(bitPattern: changed))),
      length: Int(length), checksum: checksum, isSettled: flags == 1)
    // Of bytecode all is kept or nothing; texts are covered by the index's own checksum.
    guard entry.isBytecode ? length == 0 || length == size : checksum == 0 else { return nil }
    return entry
  }
}
