import Foundation
import Testing

@Suite("importahead enable and disable", .enabled(if: Python.isHere, "no python3 on this machine"))
struct EnableTests {
  private let tree: TestTree
  private let python: String

  init() throws {
    tree = try TestTree()
    let base = try #require(Python.executable)
    let made = try tree.run([base, "-m", "venv", "--without-pip", tree.path("venv")])
    try #require(made.status == 0, "this interpreter cannot make virtual environments")
    python = tree.path("venv/bin/python")
  }

  private func sitePackages() throws -> String {
    let program = "import sysconfig; print(sysconfig.get_path('platlib'), end='')"
    return try tree.run([python, "-I", "-c", program]).output
  }

  private func names() throws -> Set<String> {
    Set(try FileManager.default.contentsOfDirectory(atPath: try sitePackages()))
  }

  /// What the hook left in the environment of a plain start, or "off".
  private func hook(_ options: String...) throws -> TestTree.Outcome {
    try tree.run([python] + options + ["-c", "import os; print(os.environ.get('HOOK', 'off'))"])
  }

  @Test("an enabled interpreter loads the hook at every start, also with -I and -E")
  func enabled() throws {
    let outcome = try tree.importahead("enable", "--python", python)
    #expect(outcome.status == 0)
    #expect(outcome.output.contains(try sitePackages()))
    #expect(try hook().output == "activate\n")
    #expect(try hook("-I").output == "activate\n")
    #expect(try hook("-E").output == "activate\n")
    #expect(try hook("-S").output == "off\n")
  }

  @Test("disabling leaves site-packages as it was")
  func disabled() throws {
    let before = try names()
    #expect(try tree.importahead("enable", "--python", python).status == 0)
    #expect(try names() != before)
    #expect(try tree.importahead("disable", "--python", python).status == 0)
    #expect(try names() == before)
    #expect(try hook().output == "off\n")
  }

  @Test("enabling twice is the same as once, and disabling twice is no failure")
  func idempotent() throws {
    #expect(try tree.importahead("enable", "--python", python).status == 0)
    let once = try names()
    #expect(try tree.importahead("enable", "--python", python).status == 0)
    #expect(try names() == once)
    #expect(try tree.importahead("disable", "--python", python).output.hasPrefix("disabled"))
    let again = try tree.importahead("disable", "--python", python)
    #expect(again.status == 0)
    #expect(again.output.hasPrefix("was not enabled"))
  }

  @Test("the line file holds one line and stays silent when the package is gone")
  func silentWithoutPackage() throws {
    #expect(try tree.importahead("enable", "--python", python).status == 0)
    let file = "\(try sitePackages())/importahead.pth"
    let text = try String(contentsOfFile: file, encoding: .utf8)
    #expect(text.split(separator: "\n").count == 1)
    try FileManager.default.removeItem(atPath: "\(try sitePackages())/importahead")
    let outcome = try hook()
    #expect(outcome.output == "off\n")
    #expect(outcome.errors.isEmpty)
  }

  @Test(
    "a hook that raises does not reach the program",
    arguments: ["SystemExit(3)", "KeyboardInterrupt", "MemoryError", "ImportError('no')"])
  func hookRaises(exception: String) throws {
    try tree.write("dist/python/importahead/__init__.py", "def activate(): raise \(exception)\n")
    #expect(try tree.importahead("enable", "--python", python).status == 0)
    let outcome = try hook()
    #expect(outcome.status == 0)
    #expect(outcome.output == "off\n")
    #expect(outcome.errors.isEmpty)
  }

  @Test("what is installed is on record with its digests, as pip and uv need it to remove it")
  func onRecord() throws {
    #expect(try tree.importahead("enable", "--python", python).status == 0)
    let program = """
      import importlib.metadata, os
      d = importlib.metadata.distribution('importahead')
      missing = [f for f in d.files if not os.path.exists(f.locate())]
      named = {str(f) for f in d.files}
      print(d.version, missing, {'importahead.pth', 'importahead/__init__.py'} <= named,
            any(n.endswith('.pyc') for n in named))
      """
    #expect(try tree.run([python, "-c", program]).output == "0.1.0 [] True True\n")
  }

  @Test("a virtual environment may be named by its directory, and the active one is the default")
  func virtualEnvironment() throws {
    #expect(try tree.importahead("enable", "--python", "venv").status == 0)
    #expect(try hook().output == "activate\n")
    let active = ["VIRTUAL_ENV": tree.path("venv")]
    #expect(try tree.importahead("disable", environment: active).output.hasPrefix("disabled"))
  }

  @Test("a package that something else installed is left alone")
  func foreignPackage() throws {
    let directory = try sitePackages()
    try FileManager.default.createDirectory(
      atPath: "\(directory)/importahead", withIntermediateDirectories: true)
    let unknown = try tree.importahead("enable", "--python", python)
    #expect(unknown.status == 1)
    #expect(unknown.errors.contains("was not put there by 'importahead enable'"))
    let metadata = "\(directory)/importahead-9.dist-info"
    try FileManager.default.createDirectory(atPath: metadata, withIntermediateDirectories: true)
    try Data("pip\n".utf8).write(to: URL(fileURLWithPath: "\(metadata)/INSTALLER"))
    let outcome = try tree.importahead("disable", "--python", python)
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("was installed by pip"))
    #expect(FileManager.default.fileExists(atPath: "\(directory)/importahead"))
  }

  @Test("an interpreter that is none is one line and 1", arguments: ["none", "/bin/true", "."])
  func noInterpreter(path: String) throws {
    let outcome = try tree.importahead("enable", "--python", path)
    #expect(outcome.status == 1)
    #expect(outcome.errors == "importahead: \(path): no Python interpreter that runs\n")
  }
}
