import Glibc
import Testing

@testable import ImportaheadCore

@Suite("ObjectLayout")
struct ObjectLayoutTests {
  /// What a made-up object's files consist of; addresses are offsets plus 0x1000_0000.
  private struct Object {
    var segments: [(type: Int32, flags: Int32, bytes: Range<Int>)] = []
    var entries: [(tag: Int32, value: Int)] = []
    /// Where the dynamic section is.
    var dynamic: Int
    /// 64-bit words elsewhere.
    var words: [Int: [Int]] = [:]
    var size: Int

    static let base = 0x1000_0000

    private static func bytes(_ value: Int, _ size: Int = 8) -> [UInt8] {
      (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    var image: [UInt8] {
      var image = [UInt8](repeating: 0, count: size)
      func write(_ bytes: [UInt8], at place: Int) {
        image.replaceSubrange(place..<place + bytes.count, with: bytes)
      }
      write([0x7f, 0x45, 0x4c, 0x46, UInt8(ELFCLASS64), 1, 1], at: 0)
      write(Self.bytes(64), at: 32)
      write(Self.bytes(56, 2) + Self.bytes(segments.count + 1, 2), at: 54)
      let section = (PT_DYNAMIC, PF_R | PF_W, dynamic..<dynamic + 16 * (entries.count + 1))
      for (index, (type, flags, bytes)) in (segments + [section]).enumerated() {
        let fields = [
          bytes.lowerBound, bytes.lowerBound + Self.base, 0, bytes.count, bytes.count, 0x1000,
        ]
        write(
          Self.bytes(Int(type), 4) + Self.bytes(Int(flags), 4) + fields.flatMap { Self.bytes($0) },
          at: 64 + 56 * index)
      }
      write(entries.flatMap { Self.bytes(Int($0.tag)) + Self.bytes($0.value) }, at: dynamic)
      for (place, values) in words { write(values.flatMap { Self.bytes($0) }, at: place) }
      return image
    }

    func parts(at stage: SharedObject.Stage) throws -> [Range<Int>] {
      let tree = try TemporaryTree()
      try tree.write("x.so", image)
      return try SharedObject(path: tree.bytes("x.so")).parts(at: stage)
    }
  }

  private static func address(_ offset: Int) -> Int { Object.base + offset }

  /// An object as linkers lay it out: tables and constants, code, constants, data.
  private var usual: Object {
    var object = Object(dynamic: 0xa100, size: 0xc123)
    object.segments = [
      (PT_LOAD, PF_R, 0..<0x5000), (PT_LOAD, PF_R | PF_X, 0x5000..<0x8000),
      (PT_LOAD, PF_R, 0x8000..<0xa000), (PT_LOAD, PF_R | PF_W, 0xa000..<0xc123),
    ]
    object.entries = [
      (DT_STRTAB, Self.address(0x2000)), (DT_STRSZ, 0x500), (DT_SYMTAB, Self.address(0x1000)),
      (DT_GNU_HASH, Self.address(0x800)), (DT_RELA, Self.address(0x3000)), (DT_RELASZ, 0x600),
      (DT_JMPREL, Self.address(0x3600)), (DT_PLTRELSZ, 0x100),
    ]
    return object
  }

  @Test("loading reads the tables and what is written to; functions read the rest")
  func usualLayout() throws {
    #expect(try usual.parts(at: .loading) == [0x800..<0x3700, 0xa000..<0xc123])
    #expect(try usual.parts(at: .running) == [0x3700..<0x5000, 0x5000..<0x8000, 0x8000..<0xa000])
    #expect(try usual.parts(at: .initialising) == [])
  }

  @Test("what only exceptions read is left to page faults")
  func unwinding() throws {
    var object = usual
    object.segments.append((PT_GNU_EH_FRAME, PF_R, 0x9000..<0x9100))
    #expect(try object.parts(at: .running) == [0x3700..<0x5000, 0x5000..<0x8000, 0x8000..<0x9000])
    // In one segment with the code it may stand before the code.
    object.segments[2].flags = PF_R | PF_X
    #expect(try object.parts(at: .running).last == 0x8000..<0xa000)
  }

  @Test("a table of unknown size ends with the next one, or with its segment")
  func unknownSize() throws {
    var object = usual
    object.entries.append((DT_VERNEED, Self.address(0x4000)))
    #expect(try object.parts(at: .loading).first == 0x800..<0x5000)
    object.entries.append((DT_VERSYM, Self.address(0x8000)))
    #expect(try object.parts(at: .loading)[1] == 0x8000..<0xa000)
    // Tables that a tool has moved to an end of their own are found there.
    object.entries.append((DT_RELR, Self.address(0x8100)))
    object.entries.append((DT_RELRSZ, 0x80))
    #expect(try object.parts(at: .loading)[1] == 0x8000..<0x8180)
  }

  /// An object with 5 MiB of code and as much data.
  private var large: Object {
    var object = usual
    let (code, data, end) = (0x1_0000, 0x60_0000, 0xb0_0123)
    object.segments = [
      (PT_LOAD, PF_R, 0..<0x5000), (PT_LOAD, PF_R | PF_X, code..<data),
      (PT_LOAD, PF_R | PF_W, data..<end), (PT_GNU_RELRO, PF_R, data..<data + 0x3000),
    ]
    (object.dynamic, object.size) = (data + 0x100, end)
    object.entries += [(DT_INIT_ARRAY, Self.address(data + 0x2000)), (DT_INIT_ARRAYSZ, 24)]
    return object
  }

  @Test("of much code the functions are read that loading calls, of much data what loading writes")
  func largeObject() throws {
    var object = large
    object.entries.append((DT_INIT, Self.address(0x4_2000)))
    object.words[0x60_2000] = [0x30_0010, 0x4_fff0, 0x1_0000].map(Self.address)
    #expect(
      try object.parts(at: .loading)
        == [0x800..<0x3700, 0x60_0000..<0x60_3000, 0xaf_f123..<0xb0_0123])
    #expect(
      try object.parts(at: .initialising)
        == [0x1_0000..<0x2_0000, 0x4_0000..<0x5_0000, 0x30_0000..<0x31_0000])
    #expect(try object.parts(at: .running) == [0x3700..<0x5000])
  }

  @Test("functions that only relocation names are found among the relocations")
  func relocated() throws {
    var object = large
    let slots = (0..<3).map { Self.address(0x60_2000 + 8 * $0) }
    let functions = [0x2_0000, 0x30_0000, 0x20_0000].map(Self.address)
    let before = (0..<20).map { [Self.address(0x60_0000 + 8 * $0), 8, Self.address(0x5_0000)] }
    let found = zip(slots, functions).map { [$0, 8, $1] }
    let after = [[Self.address(0x60_2100), 8, Self.address(0x5_0000)]]
    object.words[0x3000] = (before + found + after).flatMap { $0 }
    object.entries.append((DT_RELACOUNT, before.count + found.count + after.count))
    #expect(
      try object.parts(at: .initialising)
        == [0x2_0000..<0x3_0000, 0x20_0000..<0x21_0000, 0x30_0000..<0x31_0000])
    // Without the count nobody knows where they are.
    object.entries.removeLast()
    #expect(try object.parts(at: .initialising) == [])
  }

  @Test(
    "nothing lies outside the file, whatever the headers say", arguments: 0..<4 as Range<UInt64>)
  func hostile(seed: UInt64) throws {
    var generator = SplitMix(state: seed)
    let tree = try TemporaryTree()
    let values = [0, 1, 0x7fff_ffff, 1 << 40, Int.max, -1, 0x5000, Object.base]
    var object = usual
    object.entries += [
      (DT_INIT, Self.address(0x5000)), (DT_INIT_ARRAY, Self.address(0xb000)), (DT_INIT_ARRAYSZ, 64),
      (DT_RELACOUNT, 16),
    ]
    let image = object.image
    for _ in 0..<300 {
      var bytes = image
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let inHeaders = Bool.random(using: &generator)
        let place =
          inHeaders
          ? 64 + 8 * Int.random(in: 0..<35, using: &generator)
          : 0xa100 + 8 * Int.random(in: 0..<26, using: &generator)
        let value = values.randomElement(using: &generator) ?? 0
        for index in 0..<8 {
          bytes[place + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
        }
      }
      try tree.write("x.so", bytes)
      let object = try SharedObject(path: tree.bytes("x.so"))
      for stage in [SharedObject.Stage.loading, .running] {
        #expect(
          object.parts(at: stage).allSatisfy { $0.lowerBound >= 0 && $0.upperBound <= bytes.count })
      }
      _ = object.warm(.initialising)
    }
  }
}
