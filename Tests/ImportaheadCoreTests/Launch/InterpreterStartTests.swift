import Testing

@testable import ImportaheadCore

@Suite("InterpreterStart")
struct InterpreterStartTests {
  private func record(_ start: InterpreterStart, _ settings: SessionSettings) -> [String] {
    var record = BootRecord()
    record.add(start, settings)
    return record.entries.map {
      let action =
        switch $0.action {
        case .contents: "contents"
        case .pages: "pages"
        case .status: "status"
        case .names: "names"
        }
      return "\(action) \(String(decoding: $0.path, as: UTF8.self))"
    }
  }

  @Test("an environment's interpreter is looked for, and its configuration read")
  func executable() {
    var settings = SessionSettings()
    settings.pathEntries = [Array("/usr/lib/python311.zip".utf8)]
    let start = InterpreterStart(
      executables: [Array("/env/bin/python".utf8)], landmark: Array("/usr/lib/py/os.py".utf8),
      modules: [], siteDirectories: [Array("/env/lib/site-packages".utf8)])
    #expect(
      record(start, settings) == [
        "status /env/bin/python", "contents /env/pyvenv.cfg", "status /env/bin/pyvenv.cfg",
        "status /env/bin/pybuilddir.txt", "status /env/bin/Modules", "status /env/bin/lib",
        "status /env/bin/python._pth", "status /usr/lib/py/os.py",
        "names /usr/lib/python311.zip", "names /env/lib/site-packages",
      ])
  }

  @Test("a package may begin with a file of any kind, a module is looked for in its directory")
  func modules() {
    var start = InterpreterStart()
    start.modules = ["/lib/py/enc/__init__.py", "/lib/py/enc/utf_8.py", "/lib/py/enc/b.pyc"].map {
      Array($0.utf8)
    }
    var settings = profileSettings()
    settings.pathEntries = [Array("/lib/py".utf8)]
    #expect(
      record(start, settings) == [
        "names /lib/py", "status /lib/py/enc/__init__.abi3.so", "status /lib/py/enc/__init__.so",
        "status /lib/py/enc/__init__.py",
        "contents /lib/py/enc/__pycache__/__init__.cpython-311.pyc", "names /lib/py/enc",
        "status /lib/py/enc/utf_8.py", "contents /lib/py/enc/__pycache__/utf_8.cpython-311.pyc",
        "contents /lib/py/enc/b.pyc",
      ])
    settings.cacheSuffix = []
    start.modules = [Array("/lib/py/a.py".utf8)]
    #expect(record(start, settings) == ["names /lib/py", "contents /lib/py/a.py"])
  }

  @Test("what the site module reads is read, and nothing that a record may not name")
  func siteDirectories() throws {
    let tree = try TemporaryTree()
    try tree.write("site/a.pth", [])
    try tree.write("site/b.py", [])
    var start = InterpreterStart()
    start.siteDirectories = [tree.bytes("site"), Array("relative".utf8), []]
    #expect(
      record(start, SessionSettings()) == [
        "names \(tree.path("site"))", "contents \(tree.path("site/a.pth"))",
      ])
  }
}
