import ImportaheadCore
import Testing

@Suite("Source scanner")
struct SourceScannerTests {
  @Test("each statement around an import says whether it runs", arguments: statements + calls)
  func placement(_ each: SourceCase) {
    #expect(each.found == each.expected)
  }

  static let statements = [
    SourceCase(
      "functions do not run", "def f():\n  import no\n  class C:\n    import no\nimport a", ["5 a"]),
    SourceCase("a function in one line", "def f(): import no; import no\nimport a", ["2 a"]),
    SourceCase("a coroutine", "async def f():\n    import no\nasync = 1\nimport a", ["4 a"]),
    SourceCase(
      "a signature over lines", "def f(\n  a=1,\n) -> 'x':\n  import no\nimport a", ["5 a"]),
    SourceCase(
      "a function's string to the left", "def f():\n  '''\nimport no\n'''\n  import no\n", []),
    SourceCase(
      "class bodies do run", "class C(B):\n  import a\n  def f(s):\n    import no\n  import b",
      [
        "2 a", "5 b",
      ]),
    SourceCase(
      "a class in one line", "class C: import a; import b\nimport c", ["1 a", "1 b", "2 c"]),
    SourceCase("decorators", "import a\n@f(\n  1)\nclass C:\n  import b", ["1 a", "5 b"]),
    SourceCase(
      "a header with a lambda", "if (lambda x: x)(1): import a\nif lambda: x: import b",
      [
        "1 conditional a", "2 conditional b",
      ]),
    SourceCase(
      "a header with a walrus and a slice", "if x := y[1:2]: import a", ["1 conditional a"]),
    SourceCase("a header over lines", "if (x and\n    y):\n    import a", ["3 conditional a"]),
    SourceCase(
      "loops", "for x in y:\n  import a\nelse:\n  import b\nwhile x(): import c",
      [
        "2 conditional a", "4 conditional b", "5 conditional c",
      ]),
    SourceCase("with", "with x as y, z:\n  import a\nwith (x as y): import b", ["2 a", "3 b"]),
    SourceCase(
      "try", "try: import a; import b\nexcept E: import c\nelse: import d\nfinally: import e",
      [
        "1 a", "1 b", "2 fallback c", "3 d", "4 e",
      ]),
    SourceCase(
      "match", "match x:\n  case 1: import a\n  case _ if y:\n    import b\nimport c",
      [
        "2 conditional a", "4 conditional b", "5 c",
      ]),
    SourceCase(
      "match as a name", "match = 1\nmatch(x)\nmatch: int = 2\nmatch[1] = 2\nimport a", ["5 a"]),
    SourceCase(
      "match with a bracket", "match (x):\n  case [1, {'a': 2}]:\n    import a",
      [
        "3 conditional a"
      ]),
    SourceCase("type hints", "x: int\ny: 'import no' = 1\nz: D[1:2] = 3\nimport a", ["4 a"]),
    SourceCase(
      "lazy imports", "lazy import a, b.c\nlazy from d import e\nlazy = 1\nlazy.x()\nimport f",
      [
        "1 lazy a", "1 lazy b.c", "2 lazy d: e", "5 f",
      ]),
    SourceCase(
      "a certain raise", "import a\nif not True: raise X\nimport b\nraise X\nimport c",
      [
        "1 a", "3 b", "5 never c",
      ]),
    SourceCase(
      "a raise that something may catch", "try:\n  raise X\nexcept X: pass\nimport a", ["4 a"]),
    SourceCase(
      "code that is not Python after an import", "import a\n)]}\nprint 'x'\nimport b",
      [
        "1 a", "4 b",
      ]),
  ]

  static let calls = [
    SourceCase("__import__", "x = __import__('a.b')\n__import__ ( \"c\" ).d", ["1 a.b", "2 c"]),
    SourceCase(
      "import_module", "importlib.import_module('a')\nx = import_module(r'b')", ["1 a", "2 b"]),
    SourceCase(
      "a relative import_module", "importlib.import_module('..a', package=__package__)", ["1 ..a"]),
    SourceCase("relative to something else", "import_module('.a', x)\nimport_module('.b')", []),
    SourceCase(
      "names that are computed", "__import__(x)\n__import__('a' + y)\n__import__('a' 'b')", []),
    SourceCase("another's import_module", "x.import_module('a')\nx.__import__('b')", []),
    SourceCase(
      "a lambda defers", "f = lambda x=__import__('a'): __import__('no'), __import__('b')",
      [
        "1 a", "1 b",
      ]),
    SourceCase("a lambda as a key ends at its colon", "x = {lambda: 1: __import__('a')}", ["1 a"]),
    SourceCase("a function defers", "def f(x=__import__('a')): __import__('no')", ["1 a"]),
    SourceCase("with a level", "__import__('a', g, l, [], 0)\n__import__('b', level=1)", ["1 a"]),
    SourceCase(
      "under a condition", "if x: __import__('a')\nif __import__('b').c: pass",
      [
        "1 conditional a", "2 b",
      ]),
    SourceCase(
      "within another call", "f(1,\n  __import__('a'), [__import__('b')])", ["2 a", "2 b"]),
  ]

  @Test("the imports of a function run where it is called first", arguments: functions)
  func called(_ each: SourceCase) {
    #expect(each.found == each.expected)
    for statement in each.scan.statements {
      #expect(statement.isCalled == (statement.module.first != UInt8(ascii: "m")))
    }
  }

  static let functions = [
    SourceCase(
      "a script's main function",
      "def main():\n  import a\nif __name__ == '__main__':\n  sys.exit(main())\nimport m",
      ["2 a", "5 m"],
      asMain: true),
    SourceCase(
      "one that is never called", "def f():\n  import no\nx.f(); f; f[0](); import m", ["3 m"]),
    SourceCase(
      "one that is called twice", "def f():\n  import a\nf()\nimport m\nf()", ["2 a", "4 m"]),
    SourceCase(
      "one that calls another and itself",
      "def f():\n  import a\n  g(); f()\n  import b\ndef g():\n  import c\nimport m\nf(g())",
      ["7 m", "2 a", "6 c", "4 b"]),
    SourceCase(
      "one that is called in a condition", "def f():\n    import a\nif f(): import m",
      [
        "2 a", "3 conditional m",
      ]),
    SourceCase(
      "one whose conditions count", "def f():\n  if 0:\n    import a\n  else: import b\nif x: f()",
      [
        "3 never a", "4 conditional b",
      ]),
    SourceCase(
      "the latest of a name", "def f():\n  import no\ndef f():\n  import a\nf ()", ["4 a"]),
    SourceCase("methods are not followed", "class C:\n  def f():\n    import no\n  f()\nf()", []),
  ]

  @Test("imports with nothing but comments between them are one block")
  func blocks() {
    let source = """
      import a
      # comment

      import b; from c import d
      x = 1
      import e
      if x:
          import f
      import g
      """
    #expect(SourceCase("", source, []).scan.statements.map(\.block) == [0, 0, 0, 1, 2, 3])
  }

  @Test("a fallback knows the try that it stands in for")
  func attempts() {
    let source = """
      try:
          import a
          try: import b
          except E: import c
      except E:
          import d
      else:
          import e
      """
    let found = SourceCase("", source, []).scan.statements
    #expect(found.map(\.attempt) == [1, 2, 1, 0, 0])
    #expect(found.map(\.fallbackOf) == [0, 0, 2, 1, 0])
  }

  @Test("the names a module binds are those of its own definitions and assignments")
  func bindings() {
    let source = """
      import no
      def f(): no = 1
      class C:
          no = 2
      a = b = 3
      c, d = 4, 5
      e: int = 6
      no: int
      no.x = no[1] = 7
      if x: g = 8
      try: pass
      except E: no = 9
      f = 10
      no == 11
      async def h(): pass
      """
    let names = SourceCase("", source, []).scan.bindings.map(text)
    #expect(names == ["C", "a", "b", "c", "d", "e", "f", "g", "h"])
  }
}
