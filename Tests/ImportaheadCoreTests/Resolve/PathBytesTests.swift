import Testing

@testable import ImportaheadCore

@Suite("PathBytes")
struct PathBytesTests {
  private func text(_ bytes: [UInt8]?) -> String? {
    bytes.map { String(decoding: $0, as: UTF8.self) }
  }

  // What `importlib._bootstrap_external._path_join` gives.
  @Test(
    "joining leaves exactly one slash between",
    arguments: [
      ("/a", "b", "/a/b"), ("/a/", "b", "/a/b"), ("/a//", "b", "/a/b"), ("/", "b", "/b"),
      ("//", "b", "/b"),
    ])
  func join(directory: String, name: String, expected: String) {
    #expect(text(PathBytes.join(Array(directory.utf8), Array(name.utf8))) == expected)
    let suffix = Array(".py".utf8)
    #expect(
      text(PathBytes.join(Array(directory.utf8), Array(name.utf8), suffix)) == expected + ".py")
  }

  // What `os.path.normpath` gives.
  @Test(
    "normal paths have no dots and no doubled slashes",
    arguments: [
      ("/", "/"), ("/a/./b/../c//d/", "/a/c/d"), ("/..", "/"), ("/../../a", "/a"), ("/a/..", "/"),
      ("/...", "/..."), ("/a/.b", "/a/.b"),
    ])
  func normalised(path: String, expected: String) {
    #expect(text(PathBytes.normalised(Array(path.utf8))) == expected)
  }

  @Test(
    "splitting is at the last slash",
    arguments: [
      ("/a/b.py", "/a", "b.py"), ("b.py", "", "b.py"), ("/b", "", "b"), ("/a/", "/a", ""),
    ])
  func split(path: String, directory: String, name: String) {
    let parts = PathBytes.split(Array(path.utf8))
    #expect(text(parts.directory) == directory)
    #expect(text(parts.name) == name)
  }

  @Test(
    "a name is qualified by its package, and either may be empty",
    arguments: [("a", "b", "a.b"), ("", "b", "b"), ("a", "", "a"), ("", "", "")])
  func qualify(package: String, name: String, expected: String) {
    #expect(text(PathBytes.qualify(Array(package.utf8), Array(name.utf8))) == expected)
  }

  @Test(
    "ancestors of a package end at the top",
    arguments: [
      ("a.b.c", 0, "a.b.c"), ("a.b.c", 1, "a.b"), ("a.b.c", 2, "a"), ("a.b.c", 3, nil),
      ("a.b.c", Int.max, nil), ("a.b.c", -1, "a.b.c"), ("", 0, nil), ("", 1, nil), (".a", 1, nil),
    ] as [(String, Int, String?)])
  func ancestor(package: String, levels: Int, expected: String?) {
    #expect(text(PathBytes.ancestor(of: Array(package.utf8), levels: levels)) == expected)
  }

  // What `importlib.util.cache_from_source` gives on CPython 3.11, `sys.pycache_prefix` set or not.
  @Test(
    "bytecode is where importlib keeps it",
    arguments: [
      ("/a/b.py", "", "/a/__pycache__/b.cpython-311.pyc"),
      ("/a/b.c.py", "", "/a/__pycache__/b.c.cpython-311.pyc"),
      ("/a/.py", "", "/a/__pycache__/py.cpython-311.pyc"),
      ("/a.d/b.py", "", "/a.d/__pycache__/b.cpython-311.pyc"),
      ("/a/b.py", "/cache", "/cache/a/b.cpython-311.pyc"),
      ("/a/b.py", "/cache/", "/cache/a/b.cpython-311.pyc"),
    ])
  func bytecodePath(path: String, prefix: String, expected: String) {
    let found = PathBytes.bytecodePath(
      of: Array(path.utf8), suffix: Array(".cpython-311.pyc".utf8), prefix: Array(prefix.utf8))
    #expect(text(found) == expected)
  }

  @Test("empty paths do no harm")
  func empty() {
    #expect(text(PathBytes.join([], [])) == "/")
    #expect(text(PathBytes.normalised([])) == "/")
    #expect(PathBytes.split([]).name == [])
    #expect(!PathBytes.bytecodePath(of: [], suffix: [], prefix: []).isEmpty)
  }
}
