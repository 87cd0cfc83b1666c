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

  @Test(
    "one who waits for a file waits for its scan if that is short",
    arguments: [(100, true), (60_000, true), (70_000, false), (1 << 20, false)])
  func awaited(size: Int, isScannedFirst: Bool) throws {
    typealias Make = InventedBytecode
    let constants = Make.tuple([Make.bytes(Array(repeating: 0, count: size))])
    let file = Make.file(
      Make.code(Make.bytes(Make.unit(Make.Opcode.returnValue)), constants: constants))
    var settings = SessionSettings()
    settings.magic = BytecodeHeader(file.span.bytes)?.magic ?? 0
    let stages = try planning(settings) { planner, cache -> [PlannedModule.Stage] in
      let path = Array("/importahead/absent.pyc".utf8)
      let module = Self.module("absent", in: planner)
      module.location = .bytecode(path, package: nil)
      planner.roles.set(path, .bytecode(module))
      _ = cache.begin(file: path)
      cache.passage(ofFile: path)?.enter(.underWay)
      guard let outcome = Self.outcome(file),
        let waiter = try? Thread({
          var question = Question()
          while case .pending = cache.take(path, &question) {}
        })
      else { return [] }
      cache.parked {
        while !cache.isAwaited(file: path) { Thread.sleep(milliseconds: 1) }
      }
      var stages: [PlannedModule.Stage] = []
      planner.deliver(outcome, of: path) {
        stages.append(module.stage)
        cache.finish(file: path, outcome)
      }
      _ = waiter.join(milliseconds: 10_000)
      planner.scanArrival()
      return stages + [module.stage]
    }
    #expect(stages == [isScannedFirst ? .scanned : .submitted, .scanned])
  }

  private static func outcome(_ file: [UInt8]) -> FileFetch.Outcome? {
    guard let bytes = FileBytesAllocator().allocate(capacity: file.count),
      let status = try? FileStatus(path: CPath(Array("/".utf8)))
    else { return nil }
    unsafe bytes.tail.copyBytes(from: file)
    bytes.advance(by: file.count)
    return .contents(bytes, status, isRacy: false)
  }
}
