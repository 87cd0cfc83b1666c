import ImportaheadCore
import Testing

@Suite("Bytecode scanner on bytes that are not bytecode")
struct BytecodeFuzzTests {
  /// What marshal writes that is worth putting where it does not belong.
  private static let pieces: [[UInt8]] = [
    [0xFF, 0xFF, 0xFF, 0x7F], [0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0x80], [0, 0, 0, 0], [0x63],
    [0xE3],
    [0x72, 0, 0, 0, 0], [0x72, 0xFF, 0, 0, 0], [0x28, 0, 0, 1, 0], [0x29, 0xFF], [0xA9, 2], [0x7B],
    [0x30], [0x5B, 0, 0, 0, 0x10], [0x3E, 0xFF, 0xFF, 0, 0], [0x3A], [0x6C, 0, 0, 0, 0x80],
    [0x73, 0xFF, 0xFF, 0xFF, 0x7F], [0x5A, 0xFF], [0x4E], [0x78, 0xFF],
  ]

  /// A debug build is slow and looks at one input in so many; a release build looks at all.
  #if DEBUG
  private static let thinning = 12
  #else
  private static let thinning = 1
  #endif

  private func survives(_ bytes: [UInt8]) -> Bool {
    let facts = InterpreterFacts(version: (3, 11, 1))
    let scan = BytecodeScanner.scan(bytes.span.bytes, facts: facts, asMain: bytes.count % 2 == 0)
    return (scan?.statements ?? []).allSatisfy { each in
      (each.fallbackOf == 0) == (each.kind != .fallback) && each.level >= 0
    }
  }

  @Test("every truncation", arguments: BytecodeFixture.all)
  func truncations(fixture: BytecodeFixture) {
    for length in 0..<fixture.bytes.count {
      let bytes = Array(fixture.bytes.prefix(length))
      let facts = InterpreterFacts(version: (3, 11, 1))
      #expect(BytecodeScanner.scan(bytes.span.bytes, facts: facts) == nil, "\(length)")
    }
  }

  @Test("every byte replaced", arguments: BytecodeFixture.all)
  func replacements(fixture: BytecodeFixture) {
    let values: [UInt8] = [0, 0x7F, 0x80, 0xFF]
    for place in stride(from: 16, to: fixture.bytes.count, by: Self.thinning) {
      for value in values {
        var bytes = fixture.bytes
        bytes[place] = value
        #expect(survives(bytes), "\(place) \(value)")
      }
    }
  }

  @Test("random mutations", arguments: BytecodeFixture.all, 0..<4 as Range<UInt64>)
  func mutations(fixture: BytecodeFixture, seed: UInt64) {
    var generator = SplitMix(state: seed)
    for round in 0..<(1000 / Self.thinning) {
      var bytes = fixture.bytes
      for _ in 0..<Int.random(in: 1...12, using: &generator) {
        let place = Int.random(in: 16..<bytes.count, using: &generator)
        if Bool.random(using: &generator) {
          bytes[place] = UInt8.random(in: 0...255, using: &generator)
        } else if let piece = Self.pieces.randomElement(using: &generator) {
          bytes.replaceSubrange(place..<min(bytes.count, place + piece.count), with: piece)
        }
      }
      #expect(survives(bytes), "seed \(seed), round \(round)")
    }
  }

  @Test("random bytes after a header", arguments: [9, 10, 11, 12, 13], 0..<4 as Range<UInt64>)
  func randomBytes(minor: Int, seed: UInt64) throws {
    let header = try #require(BytecodeFixture(minor: minor)).bytes.prefix(16)
    var generator = SplitMix(state: seed)
    for round in 0..<(1000 / Self.thinning) {
      var bytes = Array(header)
      for _ in 0..<Int.random(in: 0...80, using: &generator) {
        bytes += Self.pieces.randomElement(using: &generator) ?? []
      }
      #expect(survives(bytes), "seed \(seed), round \(round)")
    }
  }

  @Test("every unit of code replaced by every opcode", arguments: BytecodeFixture.all)
  func opcodes(fixture: BytecodeFixture) throws {
    // The module's code is the first bytes object, behind the numbers of the code object.
    let start = 16 + 1 + (fixture.minor >= 11 ? 20 : 24) + 5
    var generator = SplitMix(state: UInt64(fixture.minor))
    for opcode in 0...255 as ClosedRange<UInt8> {
      for _ in 0..<max(1, 12 / Self.thinning) {
        var bytes = fixture.bytes
        let place = start + 2 * Int.random(in: 0..<200, using: &generator)
        bytes[place] = opcode
        bytes[place + 1] = UInt8.random(in: 0...255, using: &generator)
        #expect(survives(bytes), "\(opcode) at \(place)")
      }
    }
  }

  @Test("nesting beyond the limit is refused, below it is read", arguments: [1500, 100_000])
  func nesting(depth: Int) throws {
    let header = try #require(BytecodeFixture(minor: 11)).bytes.prefix(16)
    let tuples = [UInt8]((0..<depth).map { _ in [0x29, 1] }.joined()) + [0x4E]
    // A code object whose constants are that deep; what follows them is empty.
    var bytes =
      Array(header) + [0x63] + [UInt8](repeating: 0, count: 20) + [0x73, 2, 0, 0, 0, 9, 0]
    bytes += tuples + [0x29, 0, 0x29, 0, 0x73, 0, 0, 0, 0, 0x7A, 0, 0x7A, 0, 0x7A, 0]
    bytes += [0, 0, 0, 0, 0x73, 0, 0, 0, 0, 0x73, 0, 0, 0, 0]
    let scan = BytecodeScanner.scan(
      bytes.span.bytes, facts: InterpreterFacts(version: (3, 11, 1)))
    #expect((scan != nil) == (depth < 2000))
  }
}
