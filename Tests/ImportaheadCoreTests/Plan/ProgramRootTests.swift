import Glibc
import Testing

@testable import ImportaheadCore

@Suite("ProgramRoot")
struct ProgramRootTests {
  private func root(_ arguments: [String]) -> ProgramRoot? {
    ProgramRoot(commandLine: (["python3"] + arguments).map { Array($0.utf8) })
  }

  private static func script(_ path: String) -> ProgramRoot { .script(Array(path.utf8)) }
  private static func command(_ text: String) -> ProgramRoot { .command(Array(text.utf8)) }
  private static func module(_ name: String) -> ProgramRoot { .module(Array(name.utf8)) }

  @Test(
    "the command line is read as python(1) reads it",
    arguments: [
      (["app.py"], script("app.py")),
      (["app.py", "-c", "x"], script("app.py")),
      (["-c", "import a"], command("import a")),
      (["-cimport a"], command("import a")),
      (["-Ic", "import a", "app.py"], command("import a")),
      (["-Icimport a"], command("import a")),
      (["-c", ""], command("")),
      (["-c", "-m"], command("-m")),
      (["-m", "pkg.mod", "-c"], module("pkg.mod")),
      (["-mpkg"], module("pkg")),
      (["-Im", "pkg"], module("pkg")),
      (["-W", "ignore", "app.py"], script("app.py")),
      (["-Wignore", "app.py"], script("app.py")),
      (["-IW", "ignore", "-m", "pkg"], module("pkg")),
      (["-X", "importtime", "app.py"], script("app.py")),
      (["-Xdev", "-X", "utf8", "-m", "pkg"], module("pkg")),
      (["-Xc", "app.py"], script("app.py")),
      (["-Wm", "app.py"], script("app.py")),
      (["-OO", "-u", "-B", "app.py"], script("app.py")),
      (["--check-hash-based-pycs", "always", "app.py"], script("app.py")),
      (["--check-hash-based-pycs=always", "app.py"], script("app.py")),
      (["--", "app.py", "-c"], script("app.py")),
      (["-I", "--", "-c"], script("-c")),
      ([""], script("")),
    ])
  func commandLine(arguments: [String], expected: ProgramRoot) {
    #expect(root(arguments) == expected)
  }

  @Test(
    "an interactive start, or one that lacks its argument, has no root",
    arguments: [
      [], ["-"], ["-", "app.py"], ["-i"], ["-c"], ["-Im"], ["-W"], ["-X"], ["--"], ["-I", "-"],
      ["--check-hash-based-pycs"], ["-V"], ["--help"],
    ])
  func interactive(arguments: [String]) {
    #expect(root(arguments) == nil)
  }

  @Test("no command line at all has no root")
  func empty() { #expect(ProgramRoot(commandLine: []) == nil) }

  // What `sys.path[0]` is, found by asking CPython 3.9 to 3.13.
  @Test("a script's path entry is the directory it really lies in")
  func scripts() throws {
    let tree = try TemporaryTree()
    try tree.write("real/app.py")
    try tree.link("directory", to: "real")
    try tree.link("one.py", to: "directory/app.py")
    try tree.link("two.py", to: "one.py")
    try tree.makeDirectory("other")
    try tree.link("other/up.py", to: "../two.py")
    for name in [
      "real/app.py", "directory/app.py", "one.py", "two.py", "other/up.py", "./real/../real/app.py",
    ] {
      let found = ProgramRoot.script(tree.bytes(name)).located(isSafe: false)
      #expect(found.entry == tree.bytes("real"), "\(name)")
      #expect(ProgramRoot.script(tree.bytes(name)).located(isSafe: true).entry == nil)
      guard case .script = found.root else {
        Issue.record("\(name): no script")
        continue
      }
    }
  }

  @Test("a directory that is run is its own entry, as it was named", arguments: [true, false])
  func directories(isSafe: Bool) throws {
    let tree = try TemporaryTree()
    try tree.write("real/__main__.py")
    try tree.link("link", to: "real")
    for name in ["real", "link", "real/../link", "./real"] {
      let found = ProgramRoot.script(tree.bytes(name)).located(isSafe: isSafe)
      #expect(found.root == Self.module("__main__"))
      #expect(found.entry == tree.bytes(name))
    }
  }

  @Test("a relative name starts from the working directory")
  func relative() {
    let here = WorkingDirectory.current ?? []
    let found = Self.script("./no-such-script.py").located(isSafe: false)
    #expect(found.entry == here)
    #expect(found.root == .script(here + Array("/./no-such-script.py".utf8)))
    let directory = Self.script("./").located(isSafe: false)
    #expect(directory.entry == here + Array("/./".utf8))
  }

  @Test("commands and modules start in the working directory, unless that is unsafe")
  func workingDirectory() {
    for root in [Self.command("x"), Self.module("m")] {
      #expect(root.located(isSafe: false).entry == WorkingDirectory.current)
      #expect(root.located(isSafe: false).root == root)
      #expect(root.located(isSafe: true).entry == nil)
    }
  }
}
