/// Some neighbouring entries of a bundle, read in one go by a worker thread.
struct BundlePiece: Sendable {
  /// Its number among the pieces.
  let number: Int
  let file: BundleFile
  /// Where it begins in the file.
  let offset: Int
  private(set) var length = 0
  /// Length and checksum of each entry in it.
  private(set) var parts: [(length: Int, checksum: UInt64)] = []
  /// The place of its first entry among the bundle's.
  let first: Int

  /// Larger pieces would let the program wait for bytes it does not need yet.
  private static let fullLength = 512 << 10

  init(number: Int, file: BundleFile, offset: Int, first: Int) {
    self.number = number
    self.file = file
    self.offset = offset
    self.first = first
  }

  /// Whether another entry belongs to the next piece.
  var isFull: Bool { length >= Self.fullLength }

  /// Adds the next entry of the bundle.
  mutating func append(_ entry: BundleEntry) {
    let size = entry.isBytecode ? entry.length : 0
    parts.append((size, entry.checksum))
    length &+= size
  }

  /// Reads the piece and checks it; the bytes of each entry, or `nil` for one that is damaged.
  func read(with allocator: FileBytesAllocator) -> [FileBytes?] {
    guard let whole = file.read(from: offset, count: length, with: allocator) else { return [] }
    var start = 0
    var bytes: [FileBytes?] = []
    for part in parts {
      var found = FileBytes(partOf: whole, from: start, count: part.length)
      if let checked = found, BundleChecksum.of(checked.bytes) != part.checksum { found = nil }
      bytes.append(part.length > 0 ? found : nil)
      start &+= part.length
    }
    return bytes
  }
}
