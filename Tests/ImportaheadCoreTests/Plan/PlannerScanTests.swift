import Testing

@testable import ImportaheadCore

/// What the planner makes of scans that no sensible file has.
@Suite("Planner and scans")
struct PlannerScanTests {
  /// What `body` returns on a session's thread, with a planner that has no path entry.
  private func planning<Result>(
    _ settings: SessionSettings = SessionSettings(),
    _ body: @escaping (Planner, FetchCache) -> Result
  ) throws -> Result {
    try inSession {
      let cache = FetchCache()
      let fetcher = Fetcher(wanted: .threads, limits: FetchLimits())
      defer { fetcher.close(milliseconds: 1000) }
      return body(Planner(settings, cache, fetcher), cache)
    }
  }

  private static func module(_ name: String, in planner: Planner) -> PlannedModule {
    let place = planner.order.insert(after: planner.order.start)
    let module = PlannedModule(
      name: Array(name.utf8), parent: nil, place: place, rank: 0, isKnown: false)
    module.stage = .submitted
    return module
  }

  private static func statement(_ number: Int, _ kind: ImportKind = .eager) -> ImportStatement {
    ImportStatement(kind: kind, level: 0, module: Array("m\(number)".utf8))
  }

  @Test("an import that replaces one that failed may fail in turn, and so on")
  func fallbacks() throws {
    let count = 30_000
    let planned = try planning { planner, _ in
      var scan = ImportScan()
      for number in 0..<count {
        var statement = Self.statement(number, number == 0 ? .eager : .fallback)
        statement.attempt = number + 1
        statement.fallbackOf = number
        scan.statements.append(statement)
      }
      planner.settle(Self.module("app", in: planner), with: scan)
      return planner.modules.count
    }
    #expect(planned == count)
  }

  @Test("more names than a session could look for are not planned")
  func names() throws {
    let planned = try planning { planner, _ in
      var scan = ImportScan()
      scan.statements = (0..<Planner.mostModules + 1000).map { Self.statement($0) }
      planner.settle(Self.module("app", in: planner), with: scan)
      return planner.modules.count
    }
    #expect(planned == Planner.mostModules)
  }

  @Test("what follows the failure of an import is taken once, and a name that is bound is known")
  func module() throws {
    let (taken, bound) = try planning { planner, _ in
      let module = Self.module("app", in: planner)
      var scan = ImportScan()
      scan.statements = (0..<4).map { Self.statement($0, .fallback) }
      for (index, attempt) in [2, 1, 2, 0].enumerated() {
        scan.statements[index].fallbackOf = attempt
      }
      scan.bindings = [[1], [2]]
      module.scan = scan
      let taken = [2, 2, 1, 3, 0].map { module.takeFallbacks(of: $0).map(\.module) }
      let bound = [module.binds([2]), module.binds([3])]
      module.scan = ImportScan()
      return (taken, bound + [module.binds([2])])
    }
    let names = (0..<4).map { Array("m\($0)".utf8) }
    #expect(taken == [[names[0], names[2]], [], [names[1]], [], []])
    #expect(bound == [true, false, false])
  }
}
