import Testing

@testable import ImportaheadCore

@Suite("Libraries beside a package")
struct WheelLibrariesTests {
  private let tree: TemporaryTree
  private let size: Int

  init() throws {
    let object = SharedObjectTests.small()
    (tree, size) = (try TemporaryTree(), object.count)
    for package in ["one", "one/inner", "two"] {
      try tree.write("\(package)/__init__.py", "")
      try tree.write("\(package).libs/libx.so", object)
    }
    try tree.write("three.py", "import one")
    try tree.write("three.libs/libx.so", object)
    try tree.write("plain/__init__.py", "")
    try tree.write("plain.libs", object)
  }

  /// How many bytes of libraries are warmed for a program; -1 where that does not end.
  private func warmed(
    for program: String, isProfiled: Bool = false, _ backend: Backend
  ) throws -> Int {
    let tree = tree
    return try inSession { () -> Int in
      var settings = SessionSettings()
      settings.root = .command(Array(program.utf8))
      settings.pathEntries = [tree.bytes("")]
      settings.knownModules = [Array("sys".utf8)]
      settings.sourceSuffixes = [Array(".py".utf8)]
      settings.facts = InterpreterFacts(version: (3, 11, 1))
      let cache = FetchCache()
      let fetcher = Fetcher(wanted: backend, limits: FetchLimits())
      defer { fetcher.close(milliseconds: 1000) }
      let planner = Planner(settings, cache, fetcher)
      planner.begin()
      if isProfiled {
        planner.pages.set(
          tree.bytes("x.so"),
          LibraryPages(size: 1, modified: 0, ranges: [.init(start: 0, count: 1)]))
      }
      let deadline = Instant.now.adding(milliseconds: 20_000)
      repeat {
        planner.pump()
        if planner.isDone { break }
        planner.take(fetcher.wait(until: planner.hasToScan ? nil : deadline))
        planner.scanArrival()
      } while Instant.now < deadline
      planner.pump()
      return planner.isDone ? cache.statistics.bytesWarmed : -1
    }
  }

  @Test("they are warmed with the package, once", arguments: backends)
  func together(backend: Backend) throws {
    #expect(try warmed(for: "import one", backend) == size)
    #expect(try warmed(for: "import one, one.inner", backend) == size)
    #expect(try warmed(for: "import one, two", backend) == 2 * size)
    #expect(try warmed(for: "import three", backend) == size)
  }

  @Test("other packages', a module's, a file and those of a package that may not be needed are not")
  func others() throws {
    for program in ["import plain", "import missing", "import sys\nif sys.argv:\n  import one"] {
      #expect(try warmed(for: program, .threads) == 0)
    }
  }

  @Test("a profile knows better")
  func profiled() throws {
    #expect(try warmed(for: "import one", isProfiled: true, .threads) == 0)
  }
}
