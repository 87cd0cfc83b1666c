import Foundation
import Testing

@testable import bench

@Suite("Start", .serialized)
struct StartTests {
  private func start(_ argv: [String], patience: Int = 20) throws -> Start.Cost {
    try Start(
      argv, environment: ["PATH": "/usr/bin:/bin"], patience: patience, errors: "/dev/null",
      scratch: NSTemporaryDirectory()
    ).wait()
  }

  @Test("reports the exit code, the time and the memory of the process alone")
  func cost() throws {
    let cost = try start(["sh", "-c", "sleep 0.1; exit 3"])
    #expect(cost.code == 3)
    #expect(cost.ended - cost.began >= 100_000_000)
    // The harness is many times as large as a shell.
    #expect(cost.peakKilobytes > 0 && cost.peakKilobytes < 20_000)
  }

  @Test("counts the processor time of the whole tree")
  func tree() throws {
    let work = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"
    let cost = try start(["sh", "-c", "sh -c '\(work)'; :"])
    #expect(cost.user + cost.system > 0.01)
  }

  @Test("stops what takes too long, and says so")
  func patience() throws {
    let cost = try start(["sleep", "30"], patience: 1)
    #expect(cost.code == 128 + Int(SIGKILL))
    #expect(cost.ended - cost.began < 5_000_000_000)
  }

  @Test("a program that does not exist exits with 127")
  func absent() throws {
    #expect(try start(["no-such-program"]).code == 127)
  }
}
