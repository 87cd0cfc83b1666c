internal import CLinux

/// What a mapped object's dynamic section says (elf(5)).
struct DynamicSection {
  /// Where the code is that runs when the process ends (DT_FINI), if there is such code.
  private(set) var finish: UInt?
  /// The names of the libraries it needs (DT_NEEDED).
  private(set) var needed: [[UInt8]] = []
  /// Where they are looked for: its DT_RUNPATH, or without one its DT_RPATH.
  private(set) var searchPath: [UInt8] = []

  private static let mostEntries = 512
  private static let longestText = 16_384

  /// Reads the section at `address`, of `size` bytes, of an object that is mapped at `base`.
  ///
  /// The object must stay mapped meanwhile.
  @unsafe init(at address: UInt, size: Int, base: UInt) {
    let count = Swift.min(size / MemoryLayout<Elf64_Dyn>.stride, Self.mostEntries)
    guard let entries = unsafe UnsafePointer<Elf64_Dyn>(bitPattern: address) else { return }
    var (names, path, strings, length): ([UInt], UInt?, UInt?, Int) = ([], nil, nil, 0)
    var isRunPath = false
    for index in 0..<count {
      let entry = unsafe entries[index]
      let value = unsafe UInt(truncatingIfNeeded: entry.d_un.d_val)
      if entry.d_tag == Int(DT_NULL) { break }
      switch Int(entry.d_tag) {
      case Int(DT_FINI): finish = base &+ value
      case Int(DT_NEEDED): names.append(value)
      case Int(DT_STRSZ): length = Int(clamping: value)
      // glibc puts the address in the place of the offset where it may write there; others do not.
      case Int(DT_STRTAB): strings = value < base ? base &+ value : value
      case Int(DT_RUNPATH): (path, isRunPath) = (value, true)
      case Int(DT_RPATH): if !isRunPath { path = value }
      default: continue
      }
    }
    guard let strings else { return }
    let text = { (offset: UInt) in
      unsafe Self.text(at: strings, offset: Int(clamping: offset), of: length)
    }
    needed = names.compactMap(text)
    searchPath = path.flatMap(text) ?? []
  }

  /// The text that begins `offset` bytes into the table at `table`; `nil` where it does not end in it.
  @unsafe private static func text(at table: UInt, offset: Int, of length: Int) -> [UInt8]? {
    guard let bytes = unsafe UnsafePointer<UInt8>(bitPattern: table), offset >= 0 else {
      return nil
    }
    var found: [UInt8] = []
    for place in offset..<Swift.max(offset, Swift.min(length, offset &+ longestText)) {
      let byte = unsafe bytes[place]
      if byte == 0 { return found }
      found.append(byte)
    }
    return nil
  }
}
