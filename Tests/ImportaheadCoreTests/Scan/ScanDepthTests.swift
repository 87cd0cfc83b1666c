import Testing

@testable import ImportaheadCore

/// Each scan runs on a thread with a stack as small as the session's.
@Suite("Scans of what is nested")
struct ScanDepthTests {
  private typealias Make = InventedBytecode
  private typealias Opcode = InventedBytecode.Opcode

  private func scan(_ bytes: [UInt8], minor: Int = 11, isSource: Bool) throws -> ImportScan? {
    try inSession {
      let facts = InterpreterFacts(version: (3, minor, 1))
      return isSource
        ? SourceScanner.scan(bytes.span.bytes, facts: facts)
        : BytecodeScanner.scan(bytes.span.bytes, facts: facts)
    }
  }

  /// Loads its first constant and returns it, in the opcodes of 3.14.
  private static let load: [UInt8] = [128, 0, 82, 0, 35, 0]

  @Test("a slice that refers to itself is no slice")
  func selfReference() throws {
    let slice = [0x3A | 0x80] + Make.reference(0) + Make.reference(0) + Make.none
    let code = Make.code(Make.bytes(Self.load), constants: Make.tuple([slice]))
    let scan = try #require(try self.scan(Make.file(code, minor: 14), minor: 14, isSource: false))
    #expect(scan.statements.isEmpty && !scan.isCut)
  }

  @Test("slices that refer to one another end", arguments: [2, 3, 10_000])
  func circle(count: Int) throws {
    let slices = (0..<count).map { index in
      [0x3A | 0x80] + Make.reference((index + 1) % count) + Make.none + Make.none
    }
    let code = Make.code(Make.bytes(Self.load), constants: Make.tuple(slices))
    #expect(try scan(Make.file(code, minor: 14), minor: 14, isSource: false) != nil)
  }

  @Test("slices within slices", arguments: [[], [0x80] as [UInt8]])
  func nestedSlices(flag: [UInt8]) throws {
    let opening = flag.isEmpty ? [UInt8(0x3A)] : [UInt8(0x3A | 0x80)]
    let depth = 1900
    let slice =
      Array(repeatElement(opening, count: depth).joined()) + Make.none
      + [UInt8](repeating: 0x4E, count: 2 * depth)
    let code = Make.code(Make.bytes(Self.load), constants: Make.tuple([slice]))
    #expect(try scan(Make.file(code, minor: 14), minor: 14, isSource: false) != nil)
  }

  @Test("class bodies within class bodies are followed so far")
  func classes() throws {
    var code = Make.code(Make.bytes(Make.unit(Opcode.returnValue)))
    for _ in 0..<600 {
      let units =
        Make.unit(Opcode.importName) + Make.unit(Opcode.pushNull)
        + Make.unit(Opcode.loadBuildClass) + Make.unit(Opcode.loadConstant)
        + Make.unit(Opcode.makeFunction) + Make.unit(Opcode.returnValue)
      code = Make.code(
        Make.bytes(units), constants: Make.tuple([code]), names: Make.tuple([Make.text("a")]))
    }
    let scan = try #require(try self.scan(Make.file(code), isSource: false))
    #expect(scan.statements.count == 13)
  }

  @Test(
    "tuples within tuples, as deep as marshal reads", arguments: [Opcode.containsOperation, 107])
  func tuples(opcode: UInt8) throws {
    let deep = Array(repeatElement([0x29, 1], count: 1900).joined()) + Make.none
    let units =
      Make.unit(Opcode.loadConstant, 1) + Make.unit(Opcode.loadConstant) + Make.unit(opcode)
      + Make.unit(Opcode.returnValue)
    let code = Make.code(
      Make.bytes(units), constants: Make.tuple([deep, Make.text("a")]))
    #expect(try scan(Make.file(code), isSource: false) != nil)
  }

  @Test("source of 60 000 bytes of openings", arguments: openings)
  func source(opening: String) throws {
    let bytes = Array(String(repeating: opening, count: 60_000 / opening.utf8.count).utf8)
    for prefix in ["", "if ", "if sys.platform.startswith(", "def f():\n import a\nx = f("] {
      _ = try scan(Array(prefix.utf8) + bytes, minor: 13, isSource: true)
    }
  }

  @Test("blocks and calls as deep as they are followed, with conditions in each")
  func functions() throws {
    let condition = String(repeating: "(", count: 40) + "x" + String(repeating: ")", count: 40)
    let functions = (0..<20).map { index in
      "def f\(index)():\n import a\(index)\n if \(condition): f\(index + 1)()\n"
    }
    let source = functions.joined() + "f0()\n"
    let scan = try #require(try self.scan(Array(source.utf8), isSource: true))
    #expect(scan.statements.count == 8)
    let blocks = (0..<127).map { String(repeating: " ", count: $0) + "if \(condition):\n" }
    _ = try self.scan(Array((functions.joined() + blocks.joined()).utf8), isSource: true)
  }

  static let openings = [
    "(", "[", "{", "not ", "(not ", "f'{", "f\"{f'{", "f'{x:{", "lambda: ", "lambda x=(",
    "async ", "if x: ", "x and (", "x or (", "__import__(", "f(", "sys.version_info[", "a.",
    "'x' in (", "try: ", "class C: ", "@(", "case (", "match (", "import_module('a', (",
  ]
}
