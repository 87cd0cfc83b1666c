import Foundation
import Measure
import Testing

@testable import bench

@Suite("Report")
struct ReportTests {
  private func archive() -> Archive {
    var archive = Archive(
      name: "n", date: "2026-01-02T03:04:05Z", command: ["bench"],
      machine: ["processors": "2", "kernel": "6.1", "python": "3.11.7 (main)"])
    var cell = Cell(
      figure: "bars", workload: "cli", title: "tool", storage: "slow-1ms", storageTitle: "slow")
    let times: [(Contestant, [Double])] = [
      (.stock, [2, 2.01, 2.02]), (.stockWarm, [0.1, 0.1, 0.1]), (.ioUring, [0.5, 0.5, 0.51]),
      (.ioUringLearned, [0.4, 0.4, 0.41]), (.cat, [2, 2.01, 2.02]), (.zipapp, []),
    ]
    for (contestant, seconds) in times {
      var series = Series(contestant: contestant.rawValue, title: contestant.title)
      series.samples = seconds.enumerated().map {
        Sample(round: $0, seconds: $1, user: 0.1, system: 0, peakKilobytes: 1024)
      }
      if seconds.isEmpty { series.absent = "fails" }
      cell.series.append(series)
    }
    archive.cells = [cell]
    return archive
  }

  @Test("README's table marks the fastest cold start, doubt and absence")
  func table() {
    let text = digest(archive(), name: "r", storages: ["slow-1ms", "local-cold"])
    #expect(text.contains("| importahead learned, io_uring | **400 ms** (0.20x) |"))
    #expect(text.contains("| stock, warm (ceiling) | 100 ms (0.05x) |"))
    #expect(text.contains("| recorded list, cat before start | 2.01 s (≈1.00x) |"))
    #expect(text.contains("| zipapp | – |"))
    #expect(text.contains("(Benchmarks/runs/r/report.md)"))
    #expect(!text.contains("local"))
  }

  @Test("the summary names a first start, a learned one and the best rival")
  func sentences() {
    let text = summary(archive())
    #expect(text.hasPrefix("tool on slow-1ms: stock 2.01 s; importahead first start, io_uring"))
    #expect(text.contains("importahead learned, io_uring 400 ms (0.20x of stock)"))
    #expect(text.contains("cat before start 2.01 s (1.00x of stock, no difference shown)"))
  }

  @Test("what was left out is told in the report")
  func notes() {
    var archive = archive()
    archive.notes = ["Left out."]
    #expect(report(archive).contains("\n\nLeft out.\n"))
  }

  @Test("several programs on one storage have geometric means, one has none")
  func means() {
    var archive = archive()
    #expect(!report(archive).contains("All programs"))
    archive.cells.append(archive.cells[0])
    let text = report(archive)
    #expect(text.contains("## All programs on slow\n\nGeometric means of the medians' ratios"))
    #expect(text.contains("| importahead learned, io_uring | 0.20x | 4.00x | 1.00x | 2 |"))
  }

  @Test("every archived run can be read and reported on")
  func archives() throws {
    let runs = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../runs").path
    for name in try FileManager.default.contentsOfDirectory(atPath: runs) {
      if let data = FileManager.default.contents(atPath: "\(runs)/\(name)/where.json") {
        let parts = try JSONDecoder().decode([WhereCommand.Part].self, from: data)
        #expect(!parts.isEmpty && parts.allSatisfy { $0.table.text.contains("stock") }, "\(name)")
        continue
      }
      let archive = try ReportCommand.archive(in: "\(runs)/\(name)")
      #expect(!archive.cells.isEmpty && !report(archive).isEmpty, "\(name)")
    }
  }

  @Test("a folder without an archive is named in one line")
  func failure() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/none-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(throws: Failure.self) { try ReportCommand.archive(in: folder) }
    try emptied(folder)
    try "{}".write(toFile: folder + "/raw.json", atomically: true, encoding: .utf8)
    #expect(throws: Failure.self) { try ReportCommand.archive(in: folder) }
  }

  @Test("a command's name in tables is short and without folders")
  func titles() {
    #expect(Program.title(of: ["/usr/bin/python3", "app.py"]) == "python3 app.py")
    #expect(Program.title(of: ["python", "-c", String(repeating: "x", count: 99)]).count == 40)
  }
}
