// A libFuzzer target for bundles; `Tests/Fuzz/run` compiles it with the core's sources.

/// Reads the bytes libFuzzer made up as a bundle: nothing may trap, and what is accepted must be
/// written as it was read.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzBundle(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let start, count > 0 else { return 0 }
  var bytes = Array(UnsafeBufferPointer(start: start, count: count))
  // Half of the inputs get the right checksum, so that what lies behind it is met too.
  if bytes.count > 64, bytes[63] & 1 == 0 {
    var sum: [UInt8] = []
    let end = min(bytes.count, BundleIndex.extent(of: bytes)?.index ?? bytes.count)
    sum.append(BundleChecksum.of(Array(bytes[..<56]) + bytes[64..<max(64, end)]), size: 8)
    bytes.replaceSubrange(56..<64, with: sum)
  }
  guard let extent = BundleIndex.extent(of: bytes), extent.index <= bytes.count,
    let index = BundleIndex(Array(bytes[..<extent.index]), fileSize: extent.file)
  else { return 0 }
  precondition(index.encoded() == Array(bytes[..<extent.index]))
  guard let status = try? FileStatus(path: CPath(Array("/".utf8))) else { return 0 }
  let bundle = Bundle(index, BundleFile(path: [], status: status))
  for (place, entry) in index.entries.enumerated() {
    _ = bundle.place(ofModule: entry.path)
    _ = bundle.place(ofDirectory: entry.path)
    _ = bundle.isCurrent(place, status)
    _ = bundle.piecesToRead(for: place)
    if entry.kind == .directory,
      let listing = bundle.listing(at: place, status: status, isLocal: true)
    {
      precondition(listing.packed().count == entry.length)
    }
  }
  return 0
}
