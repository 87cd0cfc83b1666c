internal import CLinux

/// Where in its file a shared object has what loading it reads, and what its code may read (elf(5)).
///
/// Offsets count bytes from the beginning of the file and lie within it, whatever its headers say.
struct ObjectLayout {
  /// The size of the file in bytes.
  let size: Int
  /// The program headers.
  var segments: [Elf64_Phdr] = []
  /// The entries of the dynamic section.
  var entries: [(tag: Int, value: UInt64)] = []

  /// Code, constants or data in larger numbers of bytes than this are left to page faults: a large
  /// library uses little of them, nobody knows yet which, and the disk has other things to read.
  private static let mostUnknown = 4 << 20
  /// What follows a table of unknown size that nothing is known to follow.
  private static let leastTable = 64 << 10

  init(size: Int) { self.size = size }

  /// The value of the first entry of a tag (DT_...).
  func value(_ tag: Int32) -> UInt64? { entries.first { $0.tag == Int(tag) }?.value }

  /// Where in the file that lies which is mapped at `address`; `nil` where it is in no file.
  func offset(ofAddress address: UInt64) -> Int? {
    for header in segments where header.p_type == UInt32(PT_LOAD) {
      let (bytes, distance) = (bytes(of: header), address &- header.p_vaddr)
      if address >= header.p_vaddr, distance < UInt64(bytes.count) {
        return bytes.lowerBound &+ Int(distance)
      }
    }
    return nil
  }

  /// What ld.so(8) reads whenever it loads the object: the tables of symbols and relocations, and the
  /// data that these relocate.
  var loading: [Range<Int>] {
    let tables = tables
    return parts.flatMap { part in
      part.header.p_flags & UInt32(PF_W) == 0
        ? Self.span(of: tables, within: part.bytes).map { [$0] } ?? [] : data(part.bytes)
    }
  }

  /// What the object's functions may read, where that is little: code and constants.
  var running: [Range<Int>] {
    let tables = tables
    let frames = segments.first { $0.p_type == UInt32(PT_GNU_EH_FRAME) }
    return parts.compactMap { part in
      guard part.header.p_flags & UInt32(PF_W) == 0 else { return nil }
      var bytes = part.bytes
      if let known = Self.span(of: tables, within: bytes) {
        bytes = known.upperBound..<bytes.upperBound
      }
      // Behind it is what is read when an exception is thrown.
      if part.header.p_flags & UInt32(PF_X) == 0, let frames,
        case let start = Int(clamping: frames.p_offset), bytes.contains(start)
      {
        bytes = bytes.lowerBound..<start
      }
      return bytes.isEmpty || bytes.count > Self.mostUnknown ? nil : bytes
    }
  }

  /// Whether there is code that `running` leaves out.
  var isLarge: Bool {
    parts.contains {
      $0.header.p_flags & UInt32(PF_X) != 0 && $0.bytes.count > Self.mostUnknown
    }
  }

  /// The segments that are mapped, and what of the file they are.
  private var parts: [(header: Elf64_Phdr, bytes: Range<Int>)] {
    segments.compactMap { header in
      let bytes = bytes(of: header)
      return header.p_type == UInt32(PT_LOAD) && !bytes.isEmpty ? (header, bytes) : nil
    }
  }

  private func bytes(of header: Elf64_Phdr) -> Range<Int> {
    let start = Swift.min(Int(clamping: header.p_offset), size)
    return start..<start &+ Swift.min(Int(clamping: header.p_filesz), size &- start)
  }

  /// What of a writable segment is sure to be written to: all that is relocated before it is made
  /// read-only, and the last page, the rest of which is set to zero.
  private func data(_ bytes: Range<Int>) -> [Range<Int>] {
    guard bytes.count > Self.mostUnknown else { return [bytes] }
    let last = Swift.max(bytes.lowerBound, bytes.upperBound &- LibraryPages.unit)..<bytes.upperBound
    let relocated = segments.filter { $0.p_type == UInt32(PT_GNU_RELRO) }.map {
      self.bytes(of: $0).clamped(to: bytes)
    }
    return relocated.filter { !$0.isEmpty } + [last]
  }

  /// The tables that the dynamic section tells of.
  ///
  /// Where it tells no size, a table ends where the next one begins.
  private var tables: [Range<Int>] {
    let sized = [
      (DT_STRTAB, DT_STRSZ), (DT_RELA, DT_RELASZ), (DT_JMPREL, DT_PLTRELSZ), (DT_RELR, DT_RELRSZ),
    ].compactMap { table, length -> Range<Int>? in
      guard let start = value(table).flatMap({ offset(ofAddress: $0) }), let length = value(length)
      else { return nil }
      return start..<start &+ Swift.min(Int(clamping: length), size &- start)
    }
    let hash = value(DT_GNU_HASH) == nil ? DT_HASH : DT_GNU_HASH
    let starts = [hash, DT_SYMTAB, DT_VERSYM, DT_VERNEED, DT_VERDEF].compactMap { table in
      value(table).flatMap { offset(ofAddress: $0) }
    }
    let known = starts + sized.map { $0.lowerBound }
    return sized
      + starts.map { start in
        let next = known.filter { $0 > start }.min() ?? start &+ Self.leastTable
        return start..<Swift.min(next, size)
      }
  }

  /// From the first of some tables to the end of the last, of those that begin within `bytes`.
  private static func span(of tables: [Range<Int>], within bytes: Range<Int>) -> Range<Int>? {
    let inside = tables.filter { bytes.contains($0.lowerBound) }
    guard let start = inside.map({ $0.lowerBound }).min(),
      let end = inside.map({ $0.upperBound }).max()
    else { return nil }
    return start..<Swift.min(end, bytes.upperBound)
  }
}
