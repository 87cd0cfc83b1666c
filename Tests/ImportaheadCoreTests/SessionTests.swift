import FoundationEssentials
import Glibc
import Testing

@testable import ImportaheadCore

extension Session {
  /// Waits until the session's thread has ended `times` times; whether it has.
  func hasEnded(after time: Int = 0) -> Bool {
    let deadline = Instant.now.adding(milliseconds: 20_000)
    while statistics.sessionTime <= time {
      guard Instant.now < deadline else { return false }
      usleep(2000)
    }
    return true
  }

  /// Whether the file is in memory; it is taken.
  func has(_ path: [UInt8]) -> Bool {
    answered { take(path, &$0) } != nil
  }

  /// Where the module is, if that can be told.
  func located(_ name: [UInt8], in directory: [UInt8]) -> FoundModule? {
    answered { locate(name, in: directory, mayWait: true, &$0) }
  }

  /// The names in a directory, if they are known.
  func names(in directory: [UInt8]) -> [UInt8]? { answered { names(in: directory, &$0) } }
}

@Suite("Session")
struct SessionTests {
  private let tree: TemporaryTree

  init() throws { tree = try SettledTree.shared.get() }

  private func plain(_ backend: Backend) throws -> (PlanCase, SessionSettings) {
    let plain = try #require(PlanCase.all.first { $0.title.hasPrefix("a package and") })
    return (plain, plain.settings(in: tree, backend: backend))
  }

  /// A session that has run to its end for the first time, and when that was.
  private func settled(_ settings: SessionSettings) throws -> (Session, time: Int) {
    let session = Session(settings: settings)
    try session.start()
    #expect(session.hasEnded())
    return (session, session.statistics.sessionTime)
  }

  private func code(of plan: PlanCase) -> [String] {
    let all = (try? FileManager.default.subpathsOfDirectory(atPath: tree.path(plan.folder))) ?? []
    return all.filter { $0.hasSuffix(".py") || $0.hasSuffix(".pyc") }
  }

  @Test("it brings what a program imports into memory", arguments: PlanCase.all, backends)
  func cases(plan: PlanCase, backend: Backend) throws {
    let (session, _) = try settled(plan.settings(in: tree, backend: backend))
    let served = code(of: plan).filter { session.has(tree.bytes("\(plan.folder)/\($0)")) }
    #expect(Set(served) == plan.served)
    #expect(session.statistics.errors == 0)
    #expect(session.statistics.bytesUnused == 0)
    #expect(session.stop(milliseconds: 5000))
  }

  @Test("a module is located as importlib would find it", arguments: backends)
  func locate(backend: Backend) throws {
    let plan = try #require(PlanCase.all.first { $0.title.hasPrefix("package, extension") })
    let session = Session(settings: plan.settings(in: tree, backend: backend))
    let directory = tree.bytes(plan.folder)
    #expect(session.located(Array("a".utf8), in: directory) == nil)
    try session.start()
    #expect(session.hasEnded())
    func found(_ name: String) -> String? {
      session.located(Array(name.utf8), in: directory).map {
        "\($0.kind) " + String(decoding: $0.path.dropFirst(directory.count), as: UTF8.self)
          + ($0.package == nil ? "" : " package")
      }
    }
    #expect(found("a") == "source /a/__init__.py package")
    #expect(found("b") == "native /b.so")
    #expect(found("c") == "native /c.cpython-311.so")
    #expect(found("parent.d") == "source /d.py")
    #expect(found("e") == "native /e/__init__.so package")
    #expect(found("absent") == nil)
    #expect(found("") == nil)
    session.forget(directory: directory)
    #expect(found("d") == nil)
    session.stop(milliseconds: 5000)
  }

  @Test("a module that is found is put on its way before its loader asks", arguments: backends)
  func prompting(backend: Backend) throws {
    let (plan, settings) = try plain(backend)
    let (session, time) = try settled(settings)
    let (name, folder) = (Array("pkg.unused".utf8), tree.bytes("\(plan.folder)/pkg"))
    #expect(session.located(name, in: folder)?.kind == .source)
    #expect(session.hasEnded(after: time))
    #expect(session.statistics.demands == 1)
    #expect(session.has(tree.bytes("\(plan.folder)/pkg/unused.py")))
    // Known now: nobody is told again.
    #expect(session.located(name, in: folder)?.kind == .source)
    #expect(session.statistics.demands == 1)
    #expect(session.stop(milliseconds: 5000))
  }

  @Test("a demand starts an ended session again", arguments: backends)
  func restart(backend: Backend) throws {
    let (plan, settings) = try plain(backend)
    let session = Session(settings: settings)
    try session.start()
    for round in 0..<5 {
      #expect(session.hasEnded(after: round == 0 ? 0 : session.statistics.sessionTime - 1))
      usleep(30_000)
      let name = round == 0 ? "pkg.unused" : "absent\(round)"
      session.demand(module: Array(name.utf8))
      usleep(30_000)
    }
    let file = tree.bytes("\(plan.folder)/pkg/unused.py")
    let deadline = Instant.now.adding(milliseconds: 20_000)
    while !session.has(file), Instant.now < deadline { usleep(2000) }
    #expect(session.statistics.demands == 5)
    #expect(session.statistics.modulesPlanned >= 10)
    #expect(session.stop(milliseconds: 5000))
  }

  @Test(
    "a package asked for out of the blue brings its modules, if they are few", arguments: backends)
  func neighbours(backend: Backend) throws {
    let plan = try #require(PlanCase.all.first { $0.title.hasPrefix("packages that nothing") })
    let (session, time) = try settled(plan.settings(in: tree, backend: backend))
    for name in ["few", "many"] { session.demand(module: Array(name.utf8)) }
    #expect(session.hasEnded(after: time))
    let served = code(of: plan).filter { session.has(tree.bytes("\(plan.folder)/\($0)")) }
    #expect(
      Set(served) == ["few/__init__.py", "few/a.py", "few/b/__init__.py", "many/__init__.py"])
    #expect(session.stop(milliseconds: 5000))
  }

  @Test("demands while the session winds down are never lost and never wait", arguments: backends)
  func windingDown(backend: Backend) throws {
    let (_, settings) = try plain(backend)
    let session = Session(settings: settings)
    try session.start()
    var slowest = 0
    for round in 0..<40 {
      // Around the time the session takes to find that nothing is left to do.
      usleep(UInt32(8000 + round * 150))
      let start = Instant.now
      session.demand(module: Array("nothing\(round)".utf8))
      slowest = max(slowest, Instant.now.nanoseconds - start.nanoseconds)
    }
    #expect(slowest < 90_000_000)
    let deadline = Instant.now.adding(milliseconds: 20_000)
    while session.statistics.modulesPlanned < 46, Instant.now < deadline { usleep(2000) }
    #expect(session.statistics.modulesPlanned == 46)
    #expect(session.stop(milliseconds: 5000))
  }

  @Test("stopping is quick at any time, and what is in memory stays", arguments: backends)
  func stopping(backend: Backend) throws {
    let (plan, settings) = try plain(backend)
    for delay in [0, 100, 300, 1000, 3000, 10_000, 20_000] as [UInt32] {
      let session = Session(settings: settings)
      try session.start()
      usleep(delay)
      #expect(session.stop(milliseconds: 5000))
      #expect(session.stop(milliseconds: 0))
      // Nobody waits for a file that will not come.
      let start = Instant.now
      for name in code(of: plan) { _ = session.has(tree.bytes("\(plan.folder)/\(name)")) }
      #expect(Instant.now < start.adding(milliseconds: 5000))
      try session.start()
      session.demand(module: [0x61])
      #expect(session.stop(milliseconds: 0))
    }
  }

  @Test("stopping before the start means no start")
  func stoppedFirst() throws {
    let (_, settings) = try plain(.threads)
    let session = Session(settings: settings)
    #expect(session.stop(milliseconds: 0))
    try session.start()
    usleep(20_000)
    #expect(session.statistics.modulesPlanned == 0)
  }

  @Test("a session without path entries ends", arguments: backends)
  func nothing(backend: Backend) throws {
    var (_, settings) = try plain(backend)
    settings.pathEntries = []
    settings.root = .command([])
    let (session, _) = try settled(settings)
    #expect(session.stop(milliseconds: 5000))
  }

  @Test("stopping a session that waits is quick", arguments: backends)
  func stoppingIdle(backend: Backend) throws {
    var (_, settings) = try plain(backend)
    settings.limits.files = 1
    let session = Session(settings: settings)
    try session.start()
    usleep(50_000)
    let start = Instant.now
    #expect(session.stop(milliseconds: 8000))
    #expect(Instant.now < start.adding(milliseconds: 4000))
  }

  @Test("a session that waits for memory goes on when some is free again", arguments: backends)
  func memory(backend: Backend) throws {
    let plan = try #require(PlanCase.all.first)
    var settings = plan.settings(in: tree, backend: backend)
    settings.limits.bytesUnused = 1
    let session = Session(settings: settings)
    try session.start()
    let deadline = Instant.now.adding(milliseconds: 6000)
    for name in ["a.py", "b.py", "c.py"] {
      while session.statistics.bytesUnused == 0, Instant.now < deadline { usleep(2000) }
      #expect(session.has(tree.bytes("\(plan.folder)/\(name)")), "\(name)")
    }
    #expect(session.stop(milliseconds: 5000))
  }

  @Test("no more files are fetched than the limits allow", arguments: backends)
  func fileLimit(backend: Backend) throws {
    var (_, settings) = try plain(backend)
    settings.limits.files = 2
    let session = Session(settings: settings)
    let start = Instant.now
    try session.start()
    #expect(session.hasEnded())
    #expect(Instant.now < start.adding(milliseconds: 8000))
    #expect(session.statistics.filesFetched <= 3)
    #expect(session.stop(milliseconds: 5000))
  }
}
