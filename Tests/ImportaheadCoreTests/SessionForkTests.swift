import Glibc
import Testing

@testable import ImportaheadCore

/// Both sides of a fork, in one process: what the kernel does is tested from Python.
@Suite("Session and fork")
struct SessionForkTests {
  private let tree: TemporaryTree

  init() throws { tree = try SettledTree.shared.get() }

  private func session(_ backend: Backend) throws -> (Session, String) {
    let plan = try #require(PlanCase.all.first { $0.title.hasPrefix("a package and") })
    return (Session(settings: plan.settings(in: tree, backend: backend)), plan.folder)
  }

  private func hasCome(_ file: String, in session: Session) -> Bool {
    let deadline = Instant.now.adding(milliseconds: 20_000)
    while session.statistics.filesFetched == 0 || session.statistics.demands == 0 {
      guard Instant.now < deadline else { return false }
      usleep(2000)
    }
    while Instant.now < deadline {
      if session.cache.isKnown(file: tree.bytes(file)) { return session.has(tree.bytes(file)) }
      usleep(2000)
    }
    return false
  }

  @Test("a demand starts the parent's session again, whenever it forks", arguments: backends)
  func parent(backend: Backend) throws {
    for delay in [0, 200, 1000, 5000, 20_000] as [UInt32] {
      let (session, folder) = try session(backend)
      try session.start()
      usleep(delay)
      session.beginFork(milliseconds: 5000)
      // Nothing starts while another thread forks.
      session.endFork()
      session.demand(module: Array("pkg.unused".utf8))
      #expect(hasCome("\(folder)/pkg/unused.py", in: session))
      #expect(session.stop(milliseconds: 5000))
    }
  }

  @Test("a demand starts a child's session", arguments: backends)
  func child(backend: Backend) throws {
    let (session, folder) = try session(backend)
    try session.start()
    #expect(session.hasEnded())
    session.beginFork(milliseconds: 5000)
    session.becomeChild()
    #expect(session.statistics.filesFetched == 0)
    #expect(session.profile == nil)
    session.demand(module: Array("pkg.unused".utf8))
    #expect(hasCome("\(folder)/pkg/unused.py", in: session))
    #expect(session.stop(milliseconds: 5000))
  }

  @Test("who was stopped stays so, in a child too", arguments: backends)
  func stopped(backend: Backend) throws {
    let (session, _) = try session(backend)
    try session.start()
    #expect(session.stop(milliseconds: 5000))
    session.beginFork(milliseconds: 5000)
    session.becomeChild()
    session.demand(module: Array("pkg.unused".utf8))
    usleep(20_000)
    #expect(session.statistics.modulesPlanned == 0)
  }

  @Test("many forks one after the other, with demands in between", arguments: backends)
  func storm(backend: Backend) throws {
    let (session, _) = try session(backend)
    try session.start()
    for round in 0..<100 {
      session.beginFork(milliseconds: 5000)
      session.endFork()
      session.demand(module: Array("nothing\(round)".utf8))
    }
    let deadline = Instant.now.adding(milliseconds: 20_000)
    while session.statistics.modulesPlanned < 100, Instant.now < deadline { usleep(2000) }
    #expect(session.statistics.modulesPlanned >= 100)
    #expect(session.stop(milliseconds: 5000))
  }
}
