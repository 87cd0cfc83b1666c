import Foundation
import Testing

@Suite("importahead run", .enabled(if: Python.isHere, "no python3 on this machine"))
struct RunTests {
  private let tree: TestTree
  private let python: String

  init() throws {
    tree = try TestTree()
    python = try #require(Python.executable)
  }

  private static let printPath = "import os; print(os.environ['PYTHONPATH'])"

  @Test("the program finds the hook first on its PYTHONPATH")
  func hookIsFound() throws {
    let outcome = try tree.importahead(
      "run", python, "-c", "import os; print(os.environ['HOOK'], os.environ['PYTHONPATH'])")
    #expect(outcome.output == "sitecustomize \(tree.path("dist/python"))\n")
    #expect(outcome.errors.isEmpty)
  }

  @Test(
    "PYTHONPATH is prepended to and never gains an empty element",
    arguments: [
      (nil, ""), ("", ""), ("/a", ":/a"), ("/a:/b", ":/a:/b"), ("/a:", ":/a:"), (":/a", "::/a"),
    ] as [(String?, String)])
  func pathIsPrepended(existing: String?, tail: String) throws {
    let outcome = try tree.importahead(
      "run", python, "-c", Self.printPath, environment: ["PYTHONPATH": existing])
    #expect(outcome.output == "\(tree.path("dist/python"))\(tail)\n")
  }

  @Test("a run inside a run does not name the hook twice")
  func nestedRun() throws {
    let outcome = try tree.importahead("run", tree.tool, "run", python, "-c", Self.printPath)
    #expect(outcome.output == "\(tree.path("dist/python"))\n")
  }

  @Test("the exit status is the program's own", arguments: [0, 1, 3, 255])
  func exitStatus(status: Int) throws {
    let outcome = try tree.importahead("run", "--", python, "-c", "raise SystemExit(\(status))")
    #expect(outcome.status == Int32(status))
    #expect(outcome.signal == nil)
  }

  @Test("a program that dies of a signal is seen to die of it")
  func signal() throws {
    let outcome = try tree.importahead(
      "run", python, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    #expect(outcome.signal == SIGKILL)
  }

  @Test("the program takes the tool's place instead of becoming its child")
  func sameProcess() throws {
    let program = "import os; print(os.getpid() == int(os.environ['SHELL_PID']))"
    let outcome = try tree.run([
      "/bin/sh", "-c", "SHELL_PID=$$ exec '\(tree.tool)' run '\(python)' -c \"\(program)\"",
    ])
    #expect(outcome.output == "True\n")
  }

  @Test("arguments reach the program byte for byte, options that look like the tool's included")
  func argumentsPass() throws {
    let program = "import os, sys; print([os.fsencode(a) for a in sys.argv[1:]])"
    try tree.write("argv.py", program)
    let outcome = try tree.run([
      "/bin/sh", "-c",
      "'\(tree.tool)' run '\(python)' argv.py --stats x -- \"$(printf 'a\\377b')\" '' -h",
    ])
    #expect(outcome.output == #"[b'--stats', b'x', b'--', b'a\xffb', b'', b'-h']"# + "\n")
  }

  @Test("--backend and --stats become the hook's variables, the file seen from where it was typed")
  func optionsBecomeVariables() throws {
    let program = """
      import os; print(os.environ['IMPORTAHEAD_BACKEND'], os.environ['IMPORTAHEAD_STATS'])
      """
    let outcome = try tree.importahead(
      "run", "--backend", "threads", "--stats", "s.json", python, "-c", program)
    #expect(outcome.output == "threads \(tree.path("s.json"))\n")
    let dash = try tree.importahead(
      "run", "--backend=io_uring", "--stats", "-", python, "-c", program)
    #expect(dash.output == "io_uring -\n")
  }

  @Test("a script with a #! line runs as itself")
  func shebangScript() throws {
    try tree.write(
      "app", "#!\(python)\nimport os; print(os.environ['HOOK'])\n", permissions: 0o755)
    #expect(try tree.importahead("run", "./app").output == "sitecustomize\n")
  }

  @Test("a missing interpreter is one line and 127")
  func missingInterpreter() throws {
    let outcome = try tree.importahead("run", "no-such-python", "app.py")
    #expect(outcome.status == 127)
    #expect(outcome.errors == "importahead: no-such-python: command not found\n")
  }

  @Test("a missing path is one line and 127")
  func missingPath() throws {
    let outcome = try tree.importahead("run", "./none/python")
    #expect(outcome.status == 127)
    #expect(outcome.errors == "importahead: ./none/python: No such file or directory\n")
  }

  @Test("a script whose interpreter is missing says which one, and 127")
  func missingShebangInterpreter() throws {
    try tree.write("app", "#!/no/such/python -E\n", permissions: 0o755)
    let outcome = try tree.importahead("run", "./app")
    #expect(outcome.status == 127)
    #expect(
      outcome.errors
        == "importahead: ./app: its #! line names /no/such/python, which does not exist\n")
  }

  @Test("a file that may not be executed is one line and 126")
  func notExecutable() throws {
    try tree.write("app.py", "print(1)\n")
    let outcome = try tree.importahead("run", "./app.py")
    #expect(outcome.status == 126)
    #expect(outcome.errors == "importahead: ./app.py: Permission denied\n")
    #expect(try tree.importahead("run", tree.root).status == 126)
  }

  @Test("a script named without its interpreter is met with advice")
  func scriptWithoutInterpreter() throws {
    try tree.write("app.py", "print(1)\n")
    let outcome = try tree.importahead("run", "app.py")
    #expect(outcome.status == 127)
    #expect(outcome.errors.contains("did you mean python app.py?"))
  }

  @Test("a missing script is Python's own business")
  func missingScript() throws {
    let stock = try tree.run([python, "none.py"])
    let outcome = try tree.importahead("run", python, "none.py")
    #expect(outcome.status == stock.status)
    #expect(outcome.errors == stock.errors)
  }

  @Test(
    "Python options that keep the hook out are said, in one line",
    arguments: [
      (["-E", "-c", "0"], "-E"), (["-bI", "-c", "0"], "-I"),
      (["-W", "ignore", "-S", "-c", "0"], "-S"),
      (["-Xdev", "-I", "-c", "0"], "-I"),
    ])
  func isolationIsSaid(arguments: [String], option: String) throws {
    let outcome = try tree.run([tree.tool, "run", python] + arguments)
    #expect(outcome.status == 0)
    #expect(outcome.errors.hasPrefix("importahead: \(option) "))
    #expect(outcome.errors.split(separator: "\n").count == 1)
    #expect(try tree.run([tree.tool, "run", "--quiet", python] + arguments).errors.isEmpty)
  }

  @Test(
    "options of the program itself are not taken for Python's",
    arguments: [
      ["-c", "0", "-E"], ["-", "-I"], ["-W", "ignore", "-c", "0"], ["-W", "E", "-c", "0"],
    ])
  func programOptionsAreIgnored(arguments: [String]) throws {
    let outcome = try tree.run([tree.tool, "run", python] + arguments)
    #expect(!outcome.errors.contains("importahead:"))
  }

  @Test(
    "no command, or an unknown option, is one line and 2", arguments: [[], ["--"], ["--no", "x"]])
  func usage(arguments: [String]) throws {
    let outcome = try tree.run([tree.tool, "run"] + arguments)
    #expect(outcome.status == 2)
    #expect(outcome.errors.hasPrefix("importahead: run: "))
    #expect(outcome.errors.split(separator: "\n").count == 1)
  }

  @Test("the tool finds its Python side through a symbolic link to itself")
  func throughLink() throws {
    try FileManager.default.createSymbolicLink(
      atPath: tree.path("link"), withDestinationPath: tree.tool)
    let outcome = try tree.run([tree.path("link"), "run", python, "-c", Self.printPath])
    #expect(outcome.output == "\(tree.path("dist/python"))\n")
  }

  @Test("without its Python side the program still runs, and one line says so")
  func withoutPackage() throws {
    try FileManager.default.removeItem(atPath: tree.path("dist/python"))
    let outcome = try tree.importahead("run", python, "-c", "print(1)")
    #expect(outcome.output == "1\n")
    #expect(outcome.status == 0)
    #expect(outcome.errors.split(separator: "\n").count == 1)
  }
}
