internal import CLinux

/// An ELF shared object on disk: which pages the loader will touch, which libraries it needs.
@safe struct SharedObject {
  /// What can be known of the pages that a process touches which loads the object, what is needed first
  /// first.
  enum Stage: CaseIterable {
    /// What ld.so(8) reads.
    case loading
    /// The functions that it calls, where the code is too large to be read as a whole.
    case initialising
    /// Code and constants, where these are few.
    case running
  }

  private let path: [UInt8]
  private let descriptor: OpenFile
  /// Whether it lies on a file system that asks no server.
  private let isLocal: Bool
  private var layout: ObjectLayout
  private var needed: [[UInt8]] = []
  /// Where it has libraries looked for before the system's own places.
  private(set) var searchDirectories: [[UInt8]] = []

  /// The most that is warmed of one object at each stage.
  private static let mostBytes = 48 << 20
  /// The most libraries, and directories to look for them in, that an object is believed to name:
  /// garbage may name thousands, and their product is looked for.
  private static let mostNames = 64
  /// How much of an object on a local disk is asked for at a time, bytes: what somebody waits for
  /// meanwhile is read behind that, not behind all there is to warm.
  private static let pace = 512 << 10
  /// The largest section that is looked into, bytes.
  private static let mostSection = 64 << 10
  /// What is read around the beginning of a function: what the kernel maps around a fault.
  private static let window = 64 << 10

  /// Opens the object and reads its program headers and dynamic section.
  init(path: [UInt8], on known: KnownFileSystems = KnownFileSystems()) throws(Errno) {
    descriptor = try OpenFile(library: CPath(path))
    let status = try descriptor.status
    guard status.isRegular else { throw Errno.notRegular }
    self.path = path
    isLocal = known.isLocal(descriptor.rawValue, status)
    layout = ObjectLayout(size: Int(clamping: status.size))
    readHeaders()
    readDynamicSection()
  }

  /// Whether there is a file at `path`.
  static func exists(_ path: [UInt8]) -> Bool {
    unsafe CPath(path).withPointer { unsafe access($0, F_OK) } == 0
  }

  /// Asks the kernel to read what is touched at a stage, as long as `mayRead` so many bytes more; returns how
  /// many were asked for.
  ///
  /// From a local disk, waits for each larger piece before it asks for the next.
  func warm(_ stage: Stage, while mayRead: (Int) -> Bool = { _ in true }) -> Int {
    var total = 0
    for part in parts(at: stage) {
      let length = Swift.min(part.count, Self.mostBytes &- total)
      guard length > 0 else { break }
      for place in stride(from: 0, to: length, by: Self.pace) {
        let (start, size) = (part.lowerBound &+ place, Swift.min(Self.pace, length &- place))
        guard mayRead(size) else { return total }
        descriptor.readAhead(from: start, size: size)
        total &+= size
        if isLocal, size > Self.pace / 2 { _ = read(UInt8(), at: start &+ size &- 1) }
      }
    }
    return total
  }

  /// What of the file is touched at a stage, bytes from its beginning.
  func parts(at stage: Stage) -> [Range<Int>] {
    switch stage {
    case .loading: layout.loading
    case .initialising: layout.isLarge ? initialisers : []
    case .running: layout.running
    }
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
      if let segment = read(Elf64_Phdr(), at: place) { layout.segments.append(segment) }
    }
  }

  private mutating func readDynamicSection() {
    guard let dynamic = layout.segments.first(where: { $0.p_type == UInt32(PT_DYNAMIC) }) else {
      return
    }
    let words = words(at: Int(clamping: dynamic.p_offset), size: Int(clamping: dynamic.p_filesz))
    for index in stride(from: 0, to: words.count &- 1, by: 2) {
      let tag = Int(truncatingIfNeeded: words[index])
      if tag == Int(DT_NULL) { break }
      layout.entries.append((tag, words[index &+ 1]))
    }
    guard let strings = layout.value(DT_STRTAB), let table = layout.offset(ofAddress: strings)
    else { return }
    let names = layout.entries.filter { $0.tag == Int(DT_NEEDED) }.prefix(Self.mostNames)
    needed = names.compactMap { string(at: table &+ Int(clamping: $0.value)) }
    let place = layout.value(DT_RUNPATH) ?? layout.value(DT_RPATH)
    if let text = place.flatMap({ string(at: table &+ Int(clamping: $0)) }) {
      searchDirectories = LibrarySearch.directories(text, ofObjectAt: path)
    }
  }

  /// What is read around the functions that are called when the object is loaded (DT_INIT and
  /// DT_INIT_ARRAY), in the order of the file.
  private var initialisers: [Range<Int>] {
    var functions = layout.value(DT_INIT).map { [$0] } ?? []
    if let address = layout.value(DT_INIT_ARRAY), let size = layout.value(DT_INIT_ARRAYSZ),
      let place = layout.offset(ofAddress: address)
    {
      let written = words(at: place, size: Int(clamping: size))
      functions += written.contains(0) ? relocated(at: address, count: written.count) : written
    }
    let places = functions.compactMap { layout.offset(ofAddress: $0) }
      .map { $0 & ~(Self.window &- 1) }.sorted()
    var ranges: [Range<Int>] = []
    for place in places where place >= ranges.last?.upperBound ?? 0 {
      ranges.append(place..<place &+ Self.window)
    }
    return ranges
  }

  /// The addresses that relocation writes to `count` words from `address` on.
  ///
  /// Those relative to the object's own beginning stand first among the relocations, in the order of the
  /// words they are for; a linker may leave the words themselves empty.
  private func relocated(at address: UInt64, count: Int) -> [UInt64] {
    let entrySize = MemoryLayout<Elf64_Rela>.size
    guard let table = layout.value(DT_RELA).flatMap({ layout.offset(ofAddress: $0) }),
      var end = layout.value(DT_RELACOUNT).map({
        Swift.min(Int(clamping: $0), layout.size / entrySize)
      })
    else { return [] }
    var start = 0
    while start < end {
      let middle = (start &+ end) / 2
      guard let place = read(UInt64(), at: table &+ middle &* entrySize) else { return [] }
      if place < address { start = middle &+ 1 } else { end = middle }
    }
    // Three words for one.
    let found = words(
      at: table &+ start &* entrySize, size: count &* entrySize, limit: 3 &* Self.mostSection)
    return stride(from: 0, to: found.count &- 2, by: 3).map { found[$0 &+ 2] }
  }

  private func read<Value: BitwiseCopyable>(_ blank: Value, at offset: Int) -> Value? {
    var value = blank
    let size = MemoryLayout<Value>.size
    let count = unsafe withUnsafeMutableBytes(of: &value) { bytes in
      unsafe pread(descriptor.rawValue, bytes.baseAddress, size, offset)
    }
    return count == size ? value : nil
  }

  /// The 64-bit words of a section; none of one that cannot be right, or is larger than `limit`.
  private func words(at offset: Int, size: Int, limit: Int = Self.mostSection) -> [UInt64] {
    guard size >= 8, size <= limit else { return [] }
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
