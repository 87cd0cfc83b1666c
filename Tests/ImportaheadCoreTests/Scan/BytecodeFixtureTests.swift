import ImportaheadCore
import Testing

@Suite("Bytecode scanner on what each version compiles")
struct BytecodeFixtureTests {
  /// What is found in `conditions.py`, whichever version compiled it.
  private static let expected = [
    "8 eager importlib", "9 eager os", "10 eager sys", "11 eager typing TYPE_CHECKING",
    "14 never never1", "17 eager eager1", "19 never never2", "21 never never3", "23 eager eager2",
    "25 never never4", "27 eager tried1", "29 fallback fallback1", "31 fallback tried2",
    "35 conditional conditional1", "37 conditional conditional2", "39 conditional conditional3",
    "43 eager eager3", "46 eager . eager4", "50 eager eager5", "59 conditional loop1",
    "59 conditional loop2", "60 eager dynamic1", "61 eager .dynamic2", "62 eager pkg.dynamic3",
    "66 eager eager6", "68 never main1", "74 never never5", "76 never never6", "78 eager eager7",
    "80 conditional conditional4", "82 eager star *", "83 eager p.q", "84 eager p q", "85 eager a",
    "85 eager b",
  ]

  @Test("a fixture of every version is there")
  func fixtures() {
    #expect(BytecodeFixture.all.map(\.minor) == [9, 10, 11, 12, 13])
  }

  @Test("every import has its line, kind and names", arguments: BytecodeFixture.all)
  func statements(fixture: BytecodeFixture) throws {
    let scan = try #require(fixture.scan())
    #expect(scan.statements.map(\.summary) == Self.expected)
  }

  @Test("a fallback names the try body it answers for", arguments: BytecodeFixture.all)
  func attempts(fixture: BytecodeFixture) throws {
    let statements = try #require(fixture.scan()).statements
    func find(_ module: String) throws -> ImportStatement {
      try #require(statements.first { $0.module == Array(module.utf8) })
    }
    let tried = try find("tried1").attempt
    #expect(tried > 0)
    #expect(try find("fallback1").fallbackOf == tried)
    #expect(try find("fallback1").attempt == 0)
    #expect(try find("tried2").fallbackOf == tried)
    #expect(try find("tried2").attempt > tried)
    #expect(try find("eager5").isCalled)
    #expect(!(try find("eager6").isCalled))
  }

  @Test("a script runs what stands under __main__", arguments: BytecodeFixture.all)
  func main(fixture: BytecodeFixture) throws {
    let scan = try #require(fixture.scan(asMain: true))
    #expect(scan.statements.contains { $0.summary == "68 eager main1" })
  }

  @Test("facts decide, not the version of the file", arguments: BytecodeFixture.all)
  func facts(fixture: BytecodeFixture) throws {
    let facts = InterpreterFacts(
      version: (3, 8, 0), platform: Array("win32".utf8), osName: Array("nt".utf8))
    let result = BytecodeScanner.scan(fixture.bytes.span.bytes, facts: facts)
    let scan = try #require(result)
    let found = scan.statements.map(\.summary)
    for line in ["21 eager never3", "23 never eager2", "76 eager never6", "78 never eager7"] {
      #expect(found.contains(line))
    }
  }

  @Test("names are bound by what is no import", arguments: BytecodeFixture.all)
  func bindings(fixture: BytecodeFixture) throws {
    let scan = try #require(fixture.scan())
    let bound = Set(scan.bindings.map { String(decoding: $0, as: UTF8.self) })
    #expect(bound.isSuperset(of: ["PY3", "Outer", "called", "uncalled", "name", "file", "SETUP"]))
    #expect(bound.isDisjoint(with: ["os", "sys", "eager1", "r", "s", "a", "b", "TYPE_CHECKING"]))
    #expect(bound.count == scan.bindings.count)
  }

  @Test("consecutive imports share a block", arguments: BytecodeFixture.all)
  func blocks(fixture: BytecodeFixture) throws {
    let statements = try #require(fixture.scan()).statements
    let blocks = statements.map(\.block)
    #expect(blocks == blocks.sorted())
    #expect(Set(blocks.prefix(4)) == [0])
    #expect(Set(blocks.suffix(5)).count == 1)
    #expect(statements[4].block != 0)
  }
}
