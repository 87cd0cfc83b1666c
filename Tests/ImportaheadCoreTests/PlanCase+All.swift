@testable import ImportaheadCore

extension PlanCase {
  /// Every program that sessions are tried on.
  static let all = layouts + names + bytecodeFiles + roots

  private static let layouts: [PlanCase] = [
    PlanCase(
      title: "modules that each import the next",
      files: [
        ("app.py", "import a\n"), ("a.py", "import b\n"), ("b.py", "import c\n"),
        ("c.py", "x = 1\n"),
      ],
      served: ["a.py", "b.py", "c.py"]),
    PlanCase(
      title: "a package and what its modules import",
      files: [
        ("app.py", "import pkg.mod\nimport single\nimport absent\n"),
        ("pkg/__init__.py", "import pkg.inner\n"), ("pkg/mod.py", "import json_like"),
        ("pkg/inner.py", ""), ("pkg/unused.py", ""), ("single.py", ""), ("json_like.py", ""),
      ],
      served: ["pkg/__init__.py", "pkg/mod.py", "pkg/inner.py", "single.py", "json_like.py"]),
    PlanCase(
      title: "portions of a namespace package",
      files: [
        ("app.py", "import ns.x\nfrom ns import y, z\nimport ns.none\n"), ("one/ns/x.py", ""),
        ("two/ns/y.py", ""), ("two/ns/x.py", ""), ("two/ns/z/deep.py", ""),
      ],
      served: ["one/ns/x.py", "two/ns/y.py"], entries: ["one", "two", "missing"]),
    PlanCase(
      title: "a regular package hides portions before and behind it",
      files: [
        ("app.py", "import ns.x\n"), ("one/ns/x.py", ""), ("two/ns/__init__.py", ""),
        ("two/ns/x.py", ""),
      ],
      served: ["two/ns/__init__.py", "two/ns/x.py"], entries: ["one", "two"]),
    PlanCase(
      title: "package, extension, source, bytecode, in that order",
      files: [
        ("app.py", "import a\nimport b\nimport c\nimport d\nimport e.f\n"),
        ("a/__init__.py", ""), ("a.py", ""), ("b.so", "no object"), ("b.py", ""),
        ("c.cpython-311.so", ""), ("c.so", ""), ("c.py", ""), ("d.py", ""), ("d.pyc", ""),
        ("e/__init__.so", ""), ("e/__init__.py", ""), ("e/f.py", ""),
      ],
      served: ["a/__init__.py", "d.py", "e/f.py"]),
    PlanCase(
      title: "the first path entry that has a module wins",
      files: [
        ("app.py", "import a\nimport b\n"), ("one/a.py", ""), ("two/a.py", ""), ("two/b.py", ""),
        ("two/a/__init__.py", ""),
      ],
      served: ["one/a.py", "two/b.py"], entries: ["one", "two"]),
    PlanCase(
      title: "a directory named like a file is none",
      files: [("app.py", "import a\nimport b\n"), ("a.py/x", ""), ("a.pyc", ""), ("b/x", "")],
      served: ["a.pyc"]),
  ]

  /// Source that tries so many modules that are absent, each where the one before failed.
  private static func nested(attempts: Int) -> String {
    (0..<attempts).map { depth in
      let space = String(repeating: " ", count: depth)
      return "\(space)try:\n\(space) import none\(depth)\n\(space)except ImportError:\n"
    }.joined() + String(repeating: " ", count: attempts) + "import last\n"
  }

  private static let names: [PlanCase] = [
    PlanCase(
      title: "relative imports",
      files: [
        ("app.py", "import pkg\nfrom . import outside\n"), ("outside.py", ""),
        ("pkg/__init__.py", "from . import a\nfrom .b import c\nfrom .sub import deep\n"),
        ("pkg/a.py", "from ... import far\n"), ("pkg/b.py", "c = 1\n"), ("pkg/d.py", ""),
        ("pkg/sub/__init__.py", ""), ("pkg/sub/deep.py", "from .. import d\nfrom ..e import x\n"),
        ("pkg/e.py", ""), ("pkg/far.py", ""), ("far.py", ""),
      ],
      served: [
        "pkg/__init__.py", "pkg/a.py", "pkg/b.py", "pkg/d.py", "pkg/e.py", "pkg/sub/__init__.py",
        "pkg/sub/deep.py",
      ]),
    PlanCase(
      title: "a name that the package binds hides the submodule",
      files: [
        (
          "app.py",
          "from pkg import hidden, seen\nfrom pkg import Hidden as other\nfrom pkg import *\n"
        ),
        ("pkg/__init__.py", "def hidden(): pass\nclass Hidden: pass\n"), ("pkg/hidden.py", ""),
        ("pkg/seen.py", ""), ("pkg/Hidden.py", ""),
      ],
      served: ["pkg/__init__.py", "pkg/seen.py"]),
    PlanCase(
      title: "what an except clause imports is fetched where the try fails",
      files: [
        (
          "app.py",
          "try:\n    import fast\nexcept ImportError:\n    import slow\n"
            + "try:\n    import there\nexcept ImportError:\n    import spare\n"
        ),
        (
          "slow.py",
          "try:\n    import gone\nexcept ImportError:\n"
            + "    try:\n        import goner\n    except ImportError:\n        import last\n"
        ),
        ("there.py", ""), ("spare.py", ""), ("last.py", ""),
      ],
      served: ["app.py", "slow.py", "there.py", "last.py"], root: .module("app")),
    PlanCase(
      title: "fallbacks inside fallbacks",
      files: [
        ("app.py", nested(attempts: 90)), ("app2.py", nested(attempts: 900)), ("last.py", ""),
      ],
      served: ["app.py", "app2.py", "last.py"], root: .command("import app, app2")),
    PlanCase(
      title: "modules that import each other, and themselves",
      files: [
        ("app.py", "import a\n"), ("a.py", "import b\nimport a\n"),
        ("b.py", "import a\nimport c.d\n"),
        ("c/__init__.py", "from . import d\nfrom c.d import e\n"),
        ("c/d.py", "import c\nimport c.d\n"),
      ],
      served: ["a.py", "b.py", "c/__init__.py", "c/d.py"]),
    PlanCase(
      title: "modules that are loaded already",
      files: [
        ("app.py", "import old\nimport old.part\nfrom old import other\nimport frozen\n"),
        ("old/__init__.py", ""), ("old/part.py", ""), ("old/other.py", ""), ("frozen.py", ""),
      ],
      served: ["old/part.py", "old/other.py"], known: ["old", "frozen"]),
    PlanCase(
      title: "names nobody would write",
      files: [
        (
          "app.py",
          "__import__('a..b')\n__import__('.')\n__import__('..')\n__import__('x/../y')\n"
            + "__import__('\(String(repeating: "long", count: 500))')\nimport y\n"
            + "__import__('\(String(repeating: "q.", count: 250))q')\n"
            + "__import__('\(String(repeating: "w.", count: 250))w')\n"
            + "__import__('\(String(repeating: "d.", count: 32))d')\n"
            + "__import__('\(String(repeating: "n.", count: 32))n')\n"
            + "from ................ import y\n"
        ),
        ("y.py", ""), ("b.py", ""), ("w/__init__.py", ""), ("d/__init__.py", ""),
        ("d/d/__init__.py", ""),
      ],
      served: ["y.py", "d/__init__.py", "d/d/__init__.py"]),
  ]

  private static func oneModule(
    _ title: String, _ kind: Bytecode.Kind, served: Set<String>,
    hashCheck: SessionSettings.HashCheck = .asMarked
  ) -> PlanCase {
    let file = "__pycache__/m.cpython-311.pyc"
    return PlanCase(
      title: title,
      files: [
        ("app.py", "import m\n"), ("m.py", "import other\n"), ("other.py", ""), ("eager1.py", ""),
      ],
      served: served.union(kind == .truncated ? [] : [file]),
      bytecode: [Bytecode(name: file, source: "m.py", kind: kind)], hashCheck: hashCheck)
  }

  private static let bytecodeFiles: [PlanCase] = [
    oneModule("fresh bytecode", .fresh, served: ["eager1.py"]),
    oneModule("stale bytecode", .stale, served: ["m.py", "eager1.py", "other.py"]),
    oneModule("bytecode of another version", .otherMagic, served: ["m.py", "other.py"]),
    oneModule(
      "half a header", .truncated,
      served: ["m.py", "other.py", "__pycache__/m.cpython-311.pyc"]),
    oneModule("bytecode with a checked hash", .checked, served: ["m.py", "eager1.py", "other.py"]),
    oneModule("bytecode with an unchecked hash", .unchecked, served: ["eager1.py"]),
    oneModule(
      "an unchecked hash, but all are checked", .unchecked,
      served: ["m.py", "eager1.py", "other.py"], hashCheck: .always),
    oneModule(
      "a checked hash, but none are checked", .checked, served: ["eager1.py"], hashCheck: .never),
    PlanCase(
      title: "bytecode without a source",
      files: [("app.py", "import m\nimport p.q\n"), ("eager1.py", "")],
      served: ["m.pyc", "p/__init__.pyc", "p/q.pyc", "eager1.py"],
      bytecode: ["m.pyc", "p/__init__.pyc", "p/q.pyc"].map {
        Bytecode(name: $0, source: "", kind: .fresh)
      }),
    PlanCase(
      title: "bytecode without a source, of another version",
      files: [("app.py", "import m\n"), ("eager1.py", "")], served: ["m.pyc"],
      bytecode: [Bytecode(name: "m.pyc", source: "", kind: .otherMagic)]),
  ]

  private static let roots: [PlanCase] = [
    PlanCase(
      title: "packages that nothing names",
      files: [
        ("app.py", ""), ("few/__init__.py", ""), ("few/a.py", ""), ("few/b/__init__.py", ""),
        ("many/__init__.py", ""),
      ] + (0..<30).map { ("many/m\($0).py", "") },
      served: []),
    PlanCase(
      title: "a module run as the program",
      files: [
        ("tool.py", "if __name__ == '__main__':\n    import main_only\nelse:\n    import other\n"),
        ("main_only.py", ""), ("other.py", ""),
      ],
      served: ["tool.py", "main_only.py"], root: .module("tool")),
    PlanCase(
      title: "a package run as the program",
      files: [
        ("pkg/__init__.py", "from . import a\n"), ("pkg/a.py", ""), ("pkg/b.py", ""),
        ("pkg/__main__.py", "from . import b\nif __name__ == '__main__':\n    import c\n"),
        ("c.py", ""),
      ],
      served: ["pkg/__init__.py", "pkg/__main__.py", "pkg/a.py", "pkg/b.py", "c.py"],
      root: .module("pkg")),
    PlanCase(
      title: "a package below a package run as the program",
      files: [
        ("pkg/__init__.py", ""), ("pkg/sub/__init__.py", ""), ("pkg/sub/__main__.py", "import c\n"),
        ("c.py", ""),
      ],
      served: ["pkg/__init__.py", "pkg/sub/__init__.py", "pkg/sub/__main__.py", "c.py"],
      root: .module("pkg.sub")),
    PlanCase(
      title: "a command", files: [("a.py", "import b\n"), ("b.py", ""), ("c.py", "")],
      served: ["a.py", "b.py"], root: .command("import a; print('import c')")),
    PlanCase(title: "a script that is missing", files: [("a.py", "")], served: []),
    PlanCase(
      title: "a path entry that is a file", files: [("app.py", "import a\n"), ("a.py", "")],
      served: ["a.py"], entries: ["app.py/no", "", ""]),
  ]
}
