import Glibc
import ImportaheadCore
import Testing

@Suite("Source scanner on bytes that are not Python")
struct SourceFuzzTests {
  private static let pieces = [
    "import ", "from ", "lazy ", "if ", "elif ", "else", "try", "except", "finally", "def f",
    "class C",
    "match ", "case ", "async ", "lambda ", "while ", "for ", "with ", "not ", " and ", " or ",
    " in ",
    "sys.version_info", "sys.platform", "__name__", "__import__(", "import_module(", "'", "\"",
    "'''",
    "\"\"\"", "f'", "rf\"", "t'''", "{", "}", "{{", "}}", "(", ")", "[", "]", ":", ":=", "=", "==",
    ",",
    ".", "...", ";", "#", "\\", "\\\n", "\n", "\r", "\r\n", "\t", "    ", "\u{c}", "\0", "\\N{",
    "x", "1",
    "a.b", "\u{e9}", "# coding: ", "shift_jis", "utf-16", "\u{feff}", "as y", "*", "raise ", "@",
  ].map { Array($0.utf8) }

  private func survives(_ bytes: [UInt8]) -> Bool {
    let lines = bytes.count(where: { $0 == 10 || $0 == 13 }) + 1
    return [9, 13].allSatisfy { minor in
      let facts = InterpreterFacts(version: (3, minor, 1))
      let scan = SourceScanner.scan(bytes.span.bytes, facts: facts, asMain: minor == 9)
      return scan.statements.allSatisfy { each in
        (1...lines).contains(each.line) && !(each.module.isEmpty && each.level == 0)
          && (each.fallbackOf == 0 || each.kind == .fallback)
      }
    }
  }

  @Test("random bytes", arguments: 0..<8 as Range<UInt64>)
  func randomBytes(seed: UInt64) {
    var generator = SplitMix(state: seed)
    for _ in 0..<400 {
      let bytes = (0..<Int.random(in: 0...200, using: &generator)).map { _ in
        UInt8.random(in: 0...255, using: &generator)
      }
      #expect(survives(bytes), "\(bytes)")
    }
  }

  @Test("random pieces of Python", arguments: 0..<16 as Range<UInt64>)
  func randomPieces(seed: UInt64) {
    var generator = SplitMix(state: seed)
    for _ in 0..<400 {
      var bytes: [UInt8] = []
      for _ in 0..<Int.random(in: 0...60, using: &generator) {
        bytes += Self.pieces.randomElement(using: &generator) ?? []
      }
      #expect(survives(bytes), "\(text(bytes))")
    }
  }

  @Test("every truncation of every case")
  func truncations() {
    for each in Self.corpus {
      for length in 0...each.count {
        #expect(survives(Array(each.prefix(length))))
      }
    }
  }

  @Test("mutations of every case", arguments: 0..<4 as Range<UInt64>)
  func mutations(seed: UInt64) {
    var generator = SplitMix(state: seed)
    for each in Self.corpus where !each.isEmpty {
      for _ in 0..<30 {
        var bytes = each
        for _ in 0..<3 {
          let place = Int.random(in: 0..<bytes.count, using: &generator)
          let piece = Self.pieces.randomElement(using: &generator) ?? []
          if Bool.random(using: &generator) {
            bytes[place] = UInt8.random(in: 0...255, using: &generator)
          }
          bytes.insert(contentsOf: piece, at: place)
        }
        #expect(survives(bytes), "\(text(bytes))")
      }
    }
  }

  private static let corpus: [[UInt8]] =
    (SourceLexicalTests.cases + SourceScannerTests.statements + SourceScannerTests.calls
    + SourceConditionTests.chains).map(\.source)

  @Test("repetition costs time in proportion to its length", arguments: repeated)
  func repetition(piece: String) {
    let small = seconds(for: Self.times(piece, 30_000))
    let large = seconds(for: Self.times(piece, 240_000))
    // Eight times the length: quadratic work would show as sixty-four times.
    #expect(large < small * 32 + 0.05)
  }

  /// The processor time that a scan takes: other work on the machine does not count.
  private func seconds(for bytes: [UInt8]) -> Double {
    var start = timespec()
    var end = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start)
    _ = survives(bytes)
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end)
    return Double(end.tv_sec - start.tv_sec) + Double(end.tv_nsec - start.tv_nsec) * 1e-9
  }

  private static func times(_ piece: String, _ bytes: Int) -> [UInt8] {
    Array(String(repeating: piece, count: max(1, bytes / piece.utf8.count)).utf8)
  }

  static let repeated = [
    "(", "f'{", "f'{x:", "'''", "\"", "{", "import a;", "import a,", "from ", "__import__('a'), ",
    "__import__('a', ", "lambda: ", "lambda x=", "if x: ", "if not ", "not ", "(not ", "x = ",
    "x, ", "try: ",
    "match ", "\\\n", "if x:\n ", "        (", "class C: ", "a.", "import_module(", "else: ", "\t",
    "#",
    "if sys.version_info[", "lazy ", "async ", "if (1, ", "def f():\n  import a\nf()\n",
    "def f(x=f()):\n import a\n f(", "if 1 or ", ":", "import (", "@x ",
    "\u{c}",
  ]
}
