import Foundation
import Testing

@testable import bench

@Suite("Plan")
struct PlanTests {
  @Test("a storage's name says what it is, and comes back")
  func storages() {
    #expect(Storage("local-cold") == .localCold)
    #expect(Storage("slow-1ms") == .slow(latency: "1ms", timeouts: "nfs"))
    #expect(Storage("slow-0.1ms-fuse") == .slow(latency: "0.1ms", timeouts: "fuse"))
    for name in ["local-cold", "local-warm", "slow-1ms", "slow-20ms-none"] {
      #expect(Storage(name)?.id == name)
    }
    #expect(Storage("local") == nil && Storage("fast") == nil && Storage("local-tepid") == nil)
  }

  private func allot(_ estimates: [Double?], seconds: Double, rounds: Int = 10) -> [Int] {
    let program = Program(id: "p", title: "p", argv: ["true"], roots: [])
    let paddock = Paddock(product: nil, scratch: "/nonexistent", python: "python3")
    return Meeting(
      ground: Groundwork(program, paddock), storage: .localWarm,
      contestants: [.stock, .ioUring, .cat, .vmtouch, .zipapp].prefix(estimates.count).map { $0 },
      budget: Budget(rounds: rounds, seconds: seconds), turnstile: Turnstile(nil, seconds: 0),
      detailed: false
    ).allot(estimates, seconds: seconds)
  }

  @Test("all get their rounds when there is time, and equally few when there is not")
  func allotment() {
    #expect(allot([1, 1, nil], seconds: 100) == [10, 10, 0])
    #expect(allot([1, 0.5, 1.5], seconds: 12) == [4, 4, 4])
    let tight = allot([1, 0.5, 1.5], seconds: 11)
    #expect(Set(tight).isSubset(of: [3, 4]))
  }

  @Test("one that would eat the time is started once more, or not at all, and stock always")
  func expensive() {
    #expect(allot([1, 1, 1, 20], seconds: 40)[3] == 0)
    #expect(allot([1, 1, 1, 8], seconds: 40)[3] == 2)
    #expect(allot([20, 1, 1], seconds: 10)[0] == 1)
    #expect(allot([1, 0.2, 0.5], seconds: 0) == [1, 1, 0])
  }

  @Test("stock is never stopped, and the others not while they could still be compared")
  func patience() {
    let budget = Budget(rounds: 3, seconds: 80, patience: 6, starts: 4)
    #expect(budget.patience(beside: 0.5) == 6)
    #expect(budget.patience(beside: 4) == 16)
    #expect(budget.patience(beside: 10) == 25)
    #expect(budget.patience(beside: 60) == 125)
  }

  @Test("what is left of the time is shared by weight, and what one saves the next may use")
  func schedule() throws {
    let schedule = Schedule(seconds: 100, weights: [1, 2, 1])
    #expect(abs(try #require(schedule.share(of: 0)) - 25) < 1)
    #expect(abs(try #require(schedule.share(of: 2)) - 100) < 1)
    #expect(Schedule(seconds: nil, weights: [1]).share(of: 0) == nil)
    #expect(Schedule(seconds: 0, weights: [1]).share(of: 0) == 0)
    #expect(clock(0) == "0:00" && clock(59.6) == "1:00" && clock(3671) == "61:11")
  }

  @Test("the full plan has every program on every storage, every contestant, and both sweeps")
  func full() {
    let plan = Plan.full([], shape: TreeShape(), rounds: nil)
    let bars = plan.items.filter { $0.figure == "bars" }
    #expect(bars.count == 21)
    #expect(Set(bars.map(\.storage.id)) == ["slow-1ms", "local-cold", "local-warm"])
    for item in bars where item.storage != .localWarm {
      #expect(item.contestants == Contestant.allCases.filter { $0 != .restless })
    }
    let latencies = plan.items.filter { $0.figure == "latency" }.compactMap(\.parameter)
    #expect(latencies == [0, 0.1, 0.5, 1, 5, 20])
    let modules = Set(plan.items.filter { $0.figure == "modules" }.compactMap(\.parameter))
    #expect(modules == [100, 300, 1000, 3000, 10_000, 30_000])
    #expect(plan.items.allSatisfy { $0.weight > 0 })
  }

  @Test("only the outermost directories are kept, and never the system's own")
  func roots() throws {
    let base = FileManager.default.temporaryDirectory.path + "/roots-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: base) }
    for name in ["/a/b", "/ab"] {
      try FileManager.default.createDirectory(
        atPath: base + name, withIntermediateDirectories: true)
    }
    let given = [base + "/a/b", base + "/a", base + "/ab", base + "/gone", "/usr", "/", ""]
    #expect(outermost(given) == [base + "/a", base + "/ab"].map(absolute))
  }

  @Test("what stands between two marks is replaced, the marks stay")
  func marks() {
    let text = "a\n<b>\nold\n<e>\nz"
    #expect(text.replacing(between: "<b>", and: "<e>", with: "new") == "a\n<b>\nnew\n<e>\nz")
    #expect(text.replacing(between: "<x>", and: "<e>", with: "new") == nil)
  }

  @Test("a program's PYTHONPATH follows the contestant's, and bytecode may be written")
  func environment() {
    var program = Program(id: "p", title: "p", argv: ["python3"], roots: [])
    program.path = ["/tree"]
    setenv("PYTHONDONTWRITEBYTECODE", "1", 1)
    let launch = program.launch(path: ["/product"], ["IMPORTAHEAD_BACKEND": "threads"])
    #expect(launch.environment["IMPORTAHEAD"] == "0")
    #expect(launch.environment["PYTHONPATH"] == "/product:/tree")
    #expect(launch.environment["IMPORTAHEAD_BACKEND"] == "threads")
    #expect(launch.environment["PYTHONDONTWRITEBYTECODE"] == nil)
  }

  @Test("each start has a cache directory of its own, and a profile as it was recorded")
  func isolation() throws {
    let base = FileManager.default.temporaryDirectory.path + "/home-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: base) }
    try emptied(base + "/kept")
    try "p".write(toFile: base + "/kept/a.profile", atomically: true, encoding: .utf8)
    let program = Program(id: "p", title: "p", argv: ["python3"], roots: [])
    let stage = Stage(program: program, storage: .localWarm, scratch: base)
    var entrant = Entrant(contestant: .ioUringLearned, launch: .success(program.launch()))
    let bare = try stage.launch(entrant).environment
    let home = try #require(bare["XDG_CACHE_HOME"])
    #expect(home.hasPrefix(base) && bare["IMPORTAHEAD_PROFILE"] == nil)
    entrant.profile = base + "/kept"
    for _ in 0..<2 {
      let profile = try #require(stage.launch(entrant).environment["IMPORTAHEAD_PROFILE"])
      #expect(profile.hasPrefix(home))
      let file = profile + "/a.profile"
      #expect(try String(contentsOfFile: file, encoding: .utf8) == "p")
      try "changed".write(toFile: file, atomically: true, encoding: .utf8)
    }
  }
}
