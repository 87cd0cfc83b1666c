import Testing

@testable import ImportaheadCore

@Suite("Scan budget")
struct ScanBudgetTests {
  private static let facts = InterpreterFacts(version: (3, 11, 1))

  /// A kind of file, made of about so many bytes.
  struct Kind: Sendable, CustomTestStringConvertible {
    let title: String
    let make: @Sendable (Int) -> [UInt8]
    var testDescription: String { title }

    init(_ title: String, _ make: @escaping @Sendable (Int) -> [UInt8]) {
      self.title = title
      self.make = make
    }
  }

  private func scan(_ bytes: [UInt8], isSource: Bool) -> ImportScan? {
    isSource
      ? SourceScanner.scan(bytes.span.bytes, facts: Self.facts)
      : BytecodeScanner.scan(bytes.span.bytes, facts: Self.facts)
  }

  @Test("a budget refuses for good what is more than is left")
  func spending() {
    var budget = ScanBudget(bytes: 0)
    let answers = [budget.limit, 0, 1, 0, -1].map { budget.spend($0) }
    #expect(answers == [true, true, false, false, false])
    #expect(budget.isSpent)
    var other = ScanBudget(bytes: .max)
    let others = [-5, other.limit - 1, .max, 0].map { other.spend($0) }
    #expect(others == [true, true, false, false])
    #expect(other.spent == other.limit + 1)
  }

  @Test("what a compiler makes takes a third of the budget", arguments: BytecodeFixture.all)
  func fixtures(fixture: BytecodeFixture) throws {
    let scan = try #require(fixture.scan())
    #expect(!scan.isCut)
    #expect(scan.steps * 3 <= ScanBudget(bytes: fixture.bytes.count).limit)
  }

  @Test("bytecode that is looked at again and again is scanned in part", arguments: repeated)
  func bytecode(kind: Kind) throws {
    let bytes = kind.make(1 << 17)
    #expect(bytes.count < 1 << 18)
    let scan = try #require(self.scan(bytes, isSource: false))
    #expect(scan.isCut)
    #expect(scan.steps == ScanBudget(bytes: bytes.count).limit + 1)
    #expect(scan.statements.count * ScanBudget.perStatement <= scan.steps)
  }

  @Test("work on bytecode grows no faster than the file", arguments: repeated + single)
  func growth(kind: Kind) throws {
    for size in [1 << 13, 1 << 16] {
      let bytes = kind.make(size)
      let scan = try #require(self.scan(bytes, isSource: false))
      #expect(scan.steps <= 16 * bytes.count + 4097, "\(bytes.count) bytes")
    }
  }

  @Test("source that is looked at again and again is scanned in part", arguments: repeatedSource)
  func source(kind: Kind) throws {
    let bytes = kind.make(1 << 17)
    let scan = try #require(self.scan(bytes, isSource: true))
    #expect(scan.isCut)
    #expect(scan.steps == ScanBudget(bytes: bytes.count).limit + 1)
  }

  @Test(
    "work on source grows no faster than the file",
    arguments: (repeatedSource + singleSource).map(\.title) + SourceFuzzTests.repeated)
  func sourceGrowth(title: String) throws {
    for size in [1 << 13, 1 << 16] {
      let kind = (Self.repeatedSource + Self.singleSource).first { $0.title == title }
      let piece = Array(title.utf8)
      let bytes =
        kind?.make(size) ?? Array(repeatElement(piece, count: size / piece.count).joined())
      let scan = try #require(self.scan(bytes, isSource: true))
      #expect(scan.steps <= 16 * bytes.count + 4097, "\(bytes.count) bytes")
    }
  }

  private typealias Make = InventedBytecode
  private typealias Opcode = InventedBytecode.Opcode

  /// A class body that may import, so that it is looked at.
  private static let body = Make.unit(Opcode.loadBuildClass) + Make.unit(Opcode.returnValue)

  /// A class body for each 100 bytes or so, which shares its part with all others.
  private static func shared(
    _ part: [UInt8], _ size: Int, _ make: ([UInt8]) -> [UInt8]
  ) -> [UInt8] {
    Make.classes(
      Array(repeating: make(Make.reference(0)), count: size / 300), first: Make.flagged(part))
  }

  /// An import for each 6 bytes, of the name or with the names that are the first constant.
  private static func imports(
    of name: [UInt8], names: [UInt8] = Make.none, _ size: Int
  ) -> [UInt8] {
    let one =
      Make.unit(Opcode.loadConstant, 0) + Make.unit(Opcode.loadConstant, 1)
      + Make.unit(Opcode.importName) + Make.unit(Opcode.popTop)
    let units = Array(repeatElement(one, count: size / 16).joined())
    return Make.file(
      Make.code(
        Make.bytes(units + Make.unit(Opcode.returnValue)),
        constants: Make.tuple([Make.none, names]), names: Make.tuple([name])))
  }

  static let repeated = [
    Kind("one tuple of names") { size in
      shared(Make.tuple(Array(repeating: Make.none, count: size / 2)), size) {
        Make.code(Make.bytes(body), names: $0)
      }
    },
    Kind("one tuple of constants") { size in
      shared(Make.tuple(Array(repeating: Make.none, count: size / 2)), size) {
        Make.code(Make.bytes(body), constants: $0)
      }
    },
    Kind("one constant of many objects") { size in
      let deep = Make.tuple([Make.tuple(Array(repeating: Make.none, count: size / 2))])
      return shared(deep, size) { Make.code(Make.bytes(body), constants: $0) }
    },
    Kind("one code that imports nothing") { size in
      shared(Make.bytes(Array(repeating: 9, count: size / 2)), size) { Make.code($0) }
    },
    Kind("one code that imports") { size in
      shared(Make.bytes(body + Array(repeating: 9, count: size / 2)), size) { Make.code($0) }
    },
    Kind("one table of exceptions") { size in
      shared(Make.bytes(Array(repeating: 0, count: size / 2)), size) {
        Make.code(Make.bytes(body), exceptions: $0)
      }
    },
    Kind("one table of lines") { size in
      shared(Make.bytes(Array(repeating: 0x80, count: size / 2)), size) {
        let importing = Make.unit(Opcode.importName) + Make.unit(Opcode.returnValue)
        return Make.code(
          Make.bytes(importing), names: Make.tuple([Make.text("a")]), lines: $0)
      }
    },
    Kind("one long name") { size in
      imports(of: Make.text(String(repeating: "a", count: size / 2)), size)
    },
    Kind("one list of names") { size in
      let names = Make.tuple(Array(repeating: Make.none, count: size / 2))
      return imports(of: Make.text("a"), names: names, size)
    },
    Kind("imports without anything between") { size in
      let units = Array(repeatElement(Make.unit(Opcode.importName), count: size / 2).joined())
      return Make.file(Make.code(Make.bytes(units), names: Make.tuple([Make.text("a")])))
    },
    Kind("regions around everything") { size in
      let count = size / 8
      let units = Array(repeating: UInt8(9), count: 2 * count)
      let regions = Array(repeatElement(Make.region(0, count, count - 1), count: count / 3))
      return Make.file(
        Make.code(Make.bytes(units), exceptions: Make.bytes(Array(regions.joined()))))
    },
    Kind("one container of many objects") { size in
      let one =
        Make.unit(Opcode.loadConstant, 0) + Make.unit(Opcode.loadConstant, 1)
        + Make.unit(Opcode.containsOperation) + Make.unit(Opcode.popTop)
      let units = Array(repeatElement(one, count: size / 16).joined())
      let inner = Make.tuple(Array(repeating: Make.none, count: size / 2))
      let constants = Make.tuple([Make.text("a"), Make.tuple([inner, inner])])
      return Make.file(Make.code(Make.bytes(units), constants: constants))
    },
  ]

  /// What costs more than it looks, but only so much more.
  static let single = [
    Kind("jumps back") { size in
      let jumps = Array(repeatElement(Make.unit(Opcode.jumpBackward, 2), count: size / 2).joined())
      return Make.file(Make.code(Make.bytes(jumps)))
    },
    Kind("jumps over caches") { size in
      let one = Make.unit(Opcode.jumpForward) + [UInt8](repeating: 0, count: 30)
      return Make.file(
        Make.code(Make.bytes(Array(repeatElement(one, count: size / 32).joined()))))
    },
    Kind("small classes with far locals") { size in
      Make.classes(
        Array(
          repeating: Make.code(Make.bytes(body + Make.unit(Opcode.loadLocal, 255))),
          count: size / 100))
    },
    Kind("names that are one name") { size in
      let names =
        [Make.flagged(Make.text("a"))] + Array(repeating: Make.reference(0), count: size / 5)
      return Make.file(Make.code(Make.bytes(body), names: Make.tuple(names)))
    },
  ]

  static let repeatedSource = [
    Kind("texts within texts") { size in
      let part = String(repeating: "a", count: size / 2)
      return Array("if '\(part)b' in '\(part)a': import a".utf8)
    },
    Kind("imports without anything between") { size in
      Array(("import a" + String(repeating: ",a", count: size / 2)).utf8)
    },
    Kind("functions of long names") { size in
      let stem = String(repeating: "f", count: size / 256)
      let names = (10..<74).map { "\(stem)\($0)" }
      let functions = names.map { "def \($0)():\n import a\n" }.joined()
      let calls = String(repeating: "\(stem)99()\n", count: 64)
      return Array((functions + calls).utf8)
    },
  ]

  /// What costs more than it looks, but only so much more.
  static let singleSource = [
    Kind("calls before a long text") { size in
      let calls = String(repeating: "__import__('a', ", count: 40)
      let group = calls + "'" + String(repeating: "b", count: 4000) + "')\n"
      return Array(String(repeating: group, count: size / group.utf8.count).utf8)
    }
  ]
}
