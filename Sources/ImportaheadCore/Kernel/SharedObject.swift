internal import CLinux

/// An ELF shared object on disk: which pages the loader will touch, which libraries it needs.
@safe struct SharedObject {
  private let path: [UInt8]
  private let size: Int
  private let descriptor: OpenFile
  private var segments: [Elf64_Phdr] = []
  private var needed: [[UInt8]] = []
  /// Where it has libraries looked for before the system's own places.
  private(set) var searchDirectories: [[UInt8]] = []

  /// More executable pages than this are left to page faults: a large library runs little of its code,
  /// nobody knows yet which, and the disk has other things to read meanwhile.
  private static let mostCode = 4 << 20
  /// The most that is warmed of one object.
  private static let mostBytes = 48 << 20
  /// The most libraries, and directories to look for them in, that an object is believed to name:
  /// garbage may name thousands, and their product is looked for.
  private static let mostNames = 64

  /// Opens the object and reads its program headers and dynamic section.
  init(path: [UInt8]) throws(Errno) {
    descriptor = try OpenFile(library: CPath(path))
    let status = try descriptor.status
    guard status.isRegular else { throw Errno.notRegular }
    self.path = path
    size = Int(clamping: status.size)
    readHeaders()
    readDynamicSection()
  }

  /// Whether there is a file at `path`.
  static func exists(_ path: [UInt8]) -> Bool {
    unsafe CPath(path).withPointer { unsafe access($0, F_OK) } == 0
  }

  /// Asks the kernel to read the pages that loading touches, without waiting for them.
  func warm() -> Int {
    var total = 0
    for segment in segments where segment.p_type == UInt32(PT_LOAD) {
      var length = Int(clamping: segment.p_filesz)
      if segment.p_flags & UInt32(PF_X) != 0, length > Self.mostCode { continue }
      length = Swift.min(length, Self.mostBytes &- total)
      guard length > 0 else { continue }
      descriptor.readAhead(from: Int(clamping: segment.p_offset), size: length)
      total &+= length
    }
    return total
  }

  /// For each library needed, the paths it may stand at, in the order ld.so(8) looks.
  func neededCandidates() -> [[[UInt8]]] {
    let slash = UInt8(ascii: "/")
    let system = [
      "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu",
      "/usr/lib/aarch64-linux-gnu", "/lib64", "/usr/lib64", "/usr/local/lib", "/lib", "/usr/lib",
    ].map { Array($0.utf8) }
    return needed.map { library in
      if library.contains(slash) { return [library] }
      return (searchDirectories + system).map { $0 + [slash] + library }
    }
  }

  private mutating func readHeaders() {
    guard let header = read(Elf64_Ehdr(), at: 0),
      header.e_ident.0 == 0x7f, header.e_ident.1 == UInt8(ascii: "E"),
      header.e_ident.2 == UInt8(ascii: "L"), header.e_ident.3 == UInt8(ascii: "F"),
      header.e_ident.4 == UInt8(ELFCLASS64), header.e_phnum <= 64
    else { return }
    for index in 0..<Int(header.e_phnum) {
      let place = Int(clamping: header.e_phoff) &+ index &* Int(header.e_phentsize)
      if let segment = read(Elf64_Phdr(), at: place) { segments.append(segment) }
    }
  }

  private mutating func readDynamicSection() {
    guard let dynamic = segments.first(where: { $0.p_type == UInt32(PT_DYNAMIC) }) else { return }
    var names: [UInt64] = []
    var paths: [UInt64] = []
    var strings: UInt64?
    let entries = words(at: Int(clamping: dynamic.p_offset), size: Int(clamping: dynamic.p_filesz))
    for index in stride(from: 0, to: entries.count &- 1, by: 2) {
      let (tag, value) = (entries[index], entries[index &+ 1])
      if tag == 0 { break }
      switch tag {
      case 1: if names.count < Self.mostNames { names.append(value) }
      case 5: strings = value
      case 15, 29: if paths.isEmpty || tag == 29 { paths = [value] }
      default: break
      }
    }
    guard let strings, let table = offset(ofAddress: strings) else { return }
    needed = names.compactMap { string(at: table &+ Int(clamping: $0)) }
    for text in paths.compactMap({ string(at: table &+ Int(clamping: $0)) }) {
      searchDirectories = LibrarySearch.directories(text, ofObjectAt: path)
    }
  }

  private func offset(ofAddress address: UInt64) -> Int? {
    for segment in segments where segment.p_type == UInt32(PT_LOAD) {
      let distance = address &- segment.p_vaddr
      if address >= segment.p_vaddr, distance < segment.p_filesz {
        return Int(clamping: distance &+ segment.p_offset)
      }
    }
    return nil
  }

  private func read<Value: BitwiseCopyable>(_ blank: Value, at offset: Int) -> Value? {
    var value = blank
    let size = MemoryLayout<Value>.size
    let count = unsafe withUnsafeMutableBytes(of: &value) { bytes in
      unsafe pread(descriptor.rawValue, bytes.baseAddress, size, offset)
    }
    return count == size ? value : nil
  }

  /// The 64-bit words of a section; none of one that cannot be right.
  private func words(at offset: Int, size: Int) -> [UInt64] {
    guard size >= 16, size <= 64 << 10 else { return [] }
    var words = [UInt64](repeating: 0, count: size / 8)
    let wanted = words.count &* 8
    let count = unsafe words.withUnsafeMutableBytes { bytes in
      unsafe pread(descriptor.rawValue, bytes.baseAddress, wanted, offset)
    }
    return count == wanted ? words : []
  }

  private func string(at offset: Int) -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 512)
    let count = unsafe pread(descriptor.rawValue, &buffer, 512, offset)
    guard count > 0, let end = buffer[..<count].firstIndex(of: 0), end > 0 else { return nil }
    return Array(buffer[..<end])
  }
}
