import ImportaheadCore
import Testing

@Suite("Source conditions")
struct SourceConditionTests {
  @Test("a condition that is true here leaves the import eager", arguments: truths)
  func truth(_ condition: String) {
    #expect(kinds(condition) == [.eager, .never])
  }

  @Test("a condition that is false here means that the import never runs", arguments: falsehoods)
  func falsehood(_ condition: String) {
    #expect(kinds(condition) == [.never, .eager])
  }

  @Test("a condition that is not constant leaves both branches open", arguments: unknowns)
  func unknown(_ condition: String) {
    #expect(kinds(condition) == [.conditional, .conditional])
  }

  static let truths = [
    "True", "1", "not 0", "not TYPE_CHECKING", "'a'", "(True)", "not not 1",
    "sys.version_info >= (3, 11)", "sys.version_info[0] == 3", "sys.version_info[:2] == (3, 11)",
    "sys.version_info > (3,)", "sys.version_info.major >= 3", "(3, 8) <= sys.version_info",
    "sys.version_info != (3, 11)", "version_info[1] < 12",
    "sys.version_info >= (3, 10, 0, 'final')",
    "sys.platform == 'linux'", "sys.platform != \"win32\"", "sys.platform in ('linux', 'darwin')",
    "sys.platform not in ['win32']", "sys.platform.startswith('lin')", "sys.platform[:3] == 'lin'",
    "sys.platform.startswith(('a', 'l'))", "os.name == 'posix'", "platform.system() == 'Linux'",
    "sys.implementation.name == 'cpython'", "__name__ != '__main__'", "True or f()",
    "f(a, b) or x[1:2] or 1", "(sys.version_info >= (3, 8) and\n  not TYPE_CHECKING)",
    "'inu' in sys.platform", "'win' not in sys.platform",
    "os.name == 'posix' and sys.platform == 'linux'",
  ]

  static let falsehoods = [
    "False", "0", "None", "''", "TYPE_CHECKING", "typing.TYPE_CHECKING", "t.TYPE_CHECKING",
    "sys.version_info < (3,)", "sys.version_info[0] < 3", "sys.version_info == (3, 11, 7)",
    "sys.version_info[:1] >= (4,)", "sys.platform == 'win32'", "os.name in {'nt', 'ce'}",
    "__name__ == '__main__'", "'__main__' == __name__", "False and f()", "f() and False",
    "TYPE_CHECKING or sys.version_info < (3, 11)", "TYPE_CHECKING and x[1:2] == {1: 2}",
  ]

  static let unknowns = [
    "x", "x.y", "f()", "not x", "True and x", "False or x", "sys.platform == x",
    "sys.version_info >= x", "sys.version_info >= (3, 11, 7, 'beta')", "sys.version_info[3] == 'a'",
    "False and x if y else z", "x[1:2] and y", "__name__ == 'other'", "sys.maxsize > 2**32",
    "(False, True)[1] and x", "lambda: 0", "(y := False)", "1 < 2 < x", "sys.platform in x",
    "False and [1:2] or y", "x is None", "99999999999999999999 == 1", "sys.platform == 'a' 'b'",
    "sys.platform[0] == 'l'", "f'{x}'", "-1 < x", "platform.system(x) == 'Linux'",
  ]

  private func kinds(_ condition: String) -> [ImportKind] {
    let source = "if \(condition):\n    import a\nelse:\n    import b\n"
    let bytes = Array(source.utf8)
    let facts = InterpreterFacts(version: (3, 11, 7))
    return SourceScanner.scan(bytes.span.bytes, facts: facts).statements.map(\.kind)
  }

  @Test(
    "branches after a true one never run, and those after an unknown one may", arguments: chains)
  func chain(_ each: SourceCase) {
    #expect(each.found == each.expected)
  }

  static let chains = [
    SourceCase(
      "true first", "if 1: import a\nelif x: import b\nelse: import c",
      [
        "1 a", "2 never b", "3 never c",
      ]),
    SourceCase(
      "false first", "if 0: import a\nelif 1: import b\nelse: import c",
      [
        "1 never a", "2 b", "3 never c",
      ]),
    SourceCase(
      "unknown first", "if x: import a\nelif 1: import b\nelse: import c",
      [
        "1 conditional a", "2 conditional b", "3 never c",
      ]),
    SourceCase(
      "nested", "if x:\n  if 0:\n    import a\n  else:\n    import b",
      [
        "3 never a", "5 conditional b",
      ]),
    SourceCase(
      "never holds for all within", "if 0:\n  try: import a\n  except E: import b",
      [
        "2 never a", "3 never b",
      ]),
    SourceCase("a fallback stays one", "try: x\nexcept E:\n  if y: import a", ["3 fallback a"]),
    SourceCase(
      "while", "while 0: import a\nelse: import b\nwhile 1: import c",
      [
        "1 never a", "2 b", "3 c",
      ]),
    SourceCase("the script itself", "if __name__ == '__main__': import a", ["1 a"], asMain: true),
    SourceCase("a lazy import in a dead branch", "if 0: lazy import a", ["1 never a"]),
  ]
}
