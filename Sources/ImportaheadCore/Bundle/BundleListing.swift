extension DirectoryListing {
  /// The names and what they are, as a bundle keeps them: a byte for the kind, the name, a NUL.
  func packed() -> [UInt8] {
    var bytes: [UInt8] = []
    for name in names.split(separator: 0).map({ Array($0) }) {
      bytes.append(kind(of: name).rawValue)
      bytes += name
      bytes.append(0)
    }
    return bytes
  }

  /// Makes the listing of a directory that has `status` now from what a bundle kept of it.
  ///
  /// Returns `nil` where a name is none that a directory can have.
  static func unpacked(
    _ bytes: ArraySlice<UInt8>, path: [UInt8], status: FileStatus, isLocal: Bool
  ) -> DirectoryListing? {
    // Read when it was packed: it was old enough then, and has not changed since.
    let listing = DirectoryListing(
      path: path, status: status, isLocal: isLocal, readAt: Int.max / 2)
    var rest = bytes
    while let letter = rest.popFirst() {
      guard let kind = EntryKind(rawValue: letter), kind != .absent,
        let end = rest.firstIndex(of: 0), listing.count < mostNames
      else { return nil }
      let name = Array(rest[..<end])
      guard !name.isEmpty, name.count <= 255, !name.contains(PathBytes.slash),
        name != [PathBytes.dot], name != [PathBytes.dot, PathBytes.dot]
      else { return nil }
      listing.append(name, kind)
      rest = rest[(end &+ 1)...]
    }
    listing.seal()
    return listing
  }
}
