import Foundation
import Measure
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

@Suite("Disturbance")
struct DisturbanceTests {
  @Test("is counted as the kernel counts pages that are read again")
  func count() {
    #expect(
      Refaults("pgpgin 4\nworkingset_refault_anon 7\nworkingset_refault_file 12\n")?.pages == 12)
    #expect(Refaults("workingset_refault 3\nworkingset_activate 9\n")?.pages == 3)
    #expect(Refaults("pgpgin 4\nworkingset_refault_file\n") == nil)
    #expect(Refaults("") == nil)
  }

  @Test("behind a slow mount is what did not come from the disk below it")
  func slow() throws {
    let before = try #require(Refaults("pgpgin 400\nworkingset_refault_file 10\n"))
    let after = try #require(Refaults("pgpgin 480\nworkingset_refault_file 45\n"))
    #expect(after.since(before, slow: false) == 35)
    #expect(after.since(before, slow: true) == 15)
    let less = try #require(Refaults("pgpgin 800\nworkingset_refault_file 45\n"))
    #expect(less.since(before, slow: true) == 0)
  }

  @Test("has a start made again, and the least disturbed one kept")
  func repeats() {
    var left = [500, 30, 90, 4, 1000]
    let (kept, repeats) = undisturbed {
      sample(left.removeFirst())
    } sample: {
      $0
    }
    #expect(kept.refaults == 4 && repeats == 3)
    #expect(left == [1000])
  }

  @Test("that goes on is lived with")
  func patience() {
    var starts = 0
    let (kept, repeats) = undisturbed { () -> Sample in
      starts += 1
      return sample(starts == 2 ? 30 : 99)
    } sample: {
      $0
    }
    #expect(kept.refaults == 30 && repeats == 4)
    #expect(starts == 5)
  }

  @Test("is more than a few pages, in proportion to the time")
  func limit() {
    #expect(!sample(nil).isDisturbed && !sample(24).isDisturbed && sample(25).isDisturbed)
    #expect(!sample(56, seconds: 3).isDisturbed && sample(57, seconds: 3).isDisturbed)
  }

  private func sample(_ refaults: Int?, seconds: Double = 1) -> Sample {
    var sample = Sample(round: 0, seconds: seconds, user: 0, system: 0, peakKilobytes: 0)
    sample.refaults = refaults
    return sample
  }
}
