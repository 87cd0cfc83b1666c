import Testing

@testable import Measure

@Suite("Tables")
struct TableTests {
  private func cell() -> Cell {
    var cell = Cell(
      figure: "bars", workload: "numpy", title: "numpy", storage: "slow-1ms", storageTitle: "slow")
    let times: [(String, [Double])] = [
      ("stock", [2, 2.1, 2.2]), ("stock-warm", [0.1, 0.1, 0.1]), ("threads", [0.5, 0.5, 0.6]),
    ]
    for (name, seconds) in times {
      var series = Series(contestant: name, title: name)
      series.samples = seconds.enumerated().map { round, seconds in
        Sample(
          round: round, seconds: seconds, user: 0.1, system: 0.02, peakKilobytes: 2048,
          importing: ["lookup": 10, "release": 5])
      }
      cell.series.append(series)
    }
    cell.series.append(Series(contestant: "vmtouch", title: "vmtouch", absent: "not installed"))
    return cell
  }

  @Test("a row compares with stock, and does not count releases as waited for")
  func row() {
    let rows = Row.rows(of: cell())
    #expect(rows[0].ratio == nil && rows[0].verdict == nil)
    #expect(rows[2].verdict == .faster)
    #expect(rows[2].removed.map { fixed($0, 2) } == "0.80")
    #expect(rows[2].importing == 10)
    #expect(rows[2].cpu.map { fixed($0, 2) } == "0.12")
  }

  @Test("over several programs geometric means stand beside the number of programs they cover")
  func summary() throws {
    var other = cell()
    other.workload = "pandas"
    for index in other.series.indices where other.series[index].contestant == "threads" {
      other.series[index].samples = []
    }
    for index in other.series.indices where other.series[index].contestant == "stock-warm" {
      for sample in other.series[index].samples.indices {
        other.series[index].samples[sample].seconds = 0.4
      }
    }
    let all = Summary.summaries(of: [cell(), other])
    #expect(all.map(\.programs) == [2, 2, 1, 0])
    // 0.1 and 0.4 s of 2.1 s each.
    #expect(all[1].stock.map { fixed($0, 3) } == "0.095")
    #expect(all[2].warm.map { fixed($0, 2) } == "5.00")
    #expect(all[0].cpu.map { fixed($0, 2) } == "1.00")
    #expect(all[3].stock == nil && Table(all).lines[3] == ["vmtouch", "", "", "", "0"])
    #expect(Table(all).lines[1] == ["stock-warm", "0.10x", "1.00x", "1.00x", "2"])
  }

  @Test("programs that one of many lacks are left out for all, those that few work with are not")
  func comparable() {
    var cells = ["a", "b", "c", "d"].map { name in
      var cell = cell()
      cell.workload = name
      return cell
    }
    #expect(Summary.comparable(cells).count == 4)
    cells[3].series[2].samples = []
    #expect(Summary.comparable(cells).map(\.workload) == ["a", "b", "c"])
    cells[2].series[2].samples = []
    #expect(Summary.comparable(cells).count == 4)
  }

  @Test("where everything is warm, stock is what warm means")
  func warm() throws {
    var cell = cell()
    cell.storage = "local-warm"
    cell.series.removeAll { $0.contestant == "stock-warm" }
    let all = Summary.summaries(of: [cell])
    #expect(all[1].warm == all[1].stock && all[0].warm == 1)
  }

  @Test("an absent contestant keeps its line and says why")
  func absence() {
    let table = Table(cell())
    #expect(table.lines.count == 4)
    #expect(table.text.contains("absent: not installed"))
    #expect(table.markdown.split(separator: "\n").count == 6)
    #expect(Set(table.lines.map(\.count)) == [table.header.count])
  }

  @Test("numbers keep the digits that mean something")
  func numbers() {
    #expect(duration(3.214) == "3.21 s" && duration(0.4567) == "457 ms")
    #expect(duration(0.04567) == "45.7 ms" && times(0.4178) == "0.42x")
    #expect(fixed(-0.001, 2) == "0.00" && fixed(-1.005, 1) == "-1.0" && fixed(7, 0) == "7")
  }
}
