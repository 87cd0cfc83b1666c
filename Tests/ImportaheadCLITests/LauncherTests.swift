import Foundation
import Testing

@Suite("The launcher", .enabled(if: Python.isHere, "no python3 on this machine"))
struct LauncherTests {
  private let tree: TestTree
  private let python: String

  init() throws {
    tree = try TestTree()
    python = try #require(Python.executable)
  }

  @Test("a plain run does not need the tool")
  func withoutTool() throws {
    try FileManager.default.removeItem(atPath: tree.path("dist/libexec"))
    let outcome = try tree.importahead(
      "run", "--quiet", "--backend", "threads", "--stats=s", python, "-c", "print(1)")
    #expect(outcome.output == "1\n")
    #expect(outcome.status == 0)
    #expect(outcome.errors.isEmpty)
  }

  @Test("a tool that is missing is one line and 127")
  func missingTool() throws {
    try FileManager.default.removeItem(atPath: tree.path("dist/libexec"))
    let outcome = try tree.importahead("doctor")
    #expect(outcome.status == 127)
    #expect(
      outcome.errors
        == "importahead: \(tree.path("dist/libexec/importahead")): No such file or directory\n")
  }

  @Test(
    "what is said about a command line is what the tool says",
    arguments: [
      ["run"], ["run", "--"], ["run", "-h"], ["run", "--help"], ["run", "--no", "x"], ["run", ""],
      ["run", "--backend"], ["run", "--backend", "x", "true"], ["run", "--backend=", "true"],
      ["run", "--backendx", "true"], ["run", "--stats"], ["run", "--stats", "--quiet", "true"],
      ["run", "--quiet", "--quiet", "true"], ["run", "--stats", "a", "--stats", "b", "true"],
      ["run", "--", "-x"], ["run", "/"], ["run", "none"], ["run", "./none"], ["--version"],
      ["--help"],
      [], ["ru"], ["run", "--quiet=1", "true"], ["run", "--", "--", "true"],
    ])
  func sameAsTool(arguments: [String]) throws {
    let launched = try tree.run([tree.tool] + arguments)
    let tool = try tree.run([tree.path("dist/libexec/importahead")] + arguments)
    #expect(launched.status == tool.status)
    #expect(launched.output == tool.output)
    #expect(launched.errors == tool.errors)
  }

  @Test("what the program is given is what the tool gives it")
  func sameProgram() throws {
    let program = """
      import os, sys
      kept = {k: v for k, v in os.environ.items() if k.startswith(('PYTHON', 'IMPORTAHEAD'))}
      # The hook, for which a stand-in is installed here, takes this away.
      kept.pop('IMPORTAHEAD_BOOT', None)
      print(sys.argv, sorted(kept.items()))
      """
    for options in [
      [], ["--quiet"], ["--stats", "-"], ["--stats", "x/y"], ["--backend", "threads"],
    ] {
      let arguments = ["run"] + options + [python, "-c", program, "a", "--", "-E"]
      let launched = try tree.run([tree.tool] + arguments)
      let tool = try tree.run([tree.path("dist/libexec/importahead")] + arguments)
      #expect(launched.output == tool.output)
      #expect(launched.status == 0)
    }
  }

  @Test("the tool is found through a link as well")
  func throughLink() throws {
    try FileManager.default.createSymbolicLink(
      atPath: tree.path("link"), withDestinationPath: "dist/bin/importahead")
    #expect(try tree.run([tree.path("link"), "--version"]).status == 0)
  }
}
