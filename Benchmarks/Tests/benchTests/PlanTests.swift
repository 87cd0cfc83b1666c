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

  private func meeting(seconds: Double) -> Meeting {
    Meeting(
      program: Program(id: "p", title: "p", argv: ["true"], roots: []), storage: .localWarm,
      paddock: Paddock(product: nil, scratch: "/nonexistent", python: "python3"),
      contestants: [], budget: Budget(rounds: 10, seconds: seconds),
      turnstile: Turnstile(nil, seconds: 0), detailed: false)
  }

  @Test("a budget gives all their rounds when it can, and the cheap more when it cannot")
  func allotment() {
    #expect(meeting(seconds: 100).allot([1, 1, nil]) == [10, 10, 0])
    let tight = meeting(seconds: 30).allot([1, 4, 0.1])
    #expect(tight[0] > tight[1] && tight[2] == 10)
    #expect(tight[0] >= 3 && tight[1] >= 3)
  }

  @Test("one that would eat the budget is started once more, or not at all")
  func expensive() {
    #expect(meeting(seconds: 30).allot([1, 20])[1] == 0)
    #expect(meeting(seconds: 30).allot([1, 8])[1] == 2)
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
    #expect(launch.environment["PYTHONPATH"] == "/product:/tree")
    #expect(launch.environment["IMPORTAHEAD_BACKEND"] == "threads")
    #expect(launch.environment["PYTHONDONTWRITEBYTECODE"] == nil)
  }
}
