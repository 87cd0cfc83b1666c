/// One line of a table: a contestant in a cell, compared with stock.
public struct Row: Sendable {
  /// The contestant's identifier.
  public let contestant: String
  /// The contestant's name.
  public let title: String
  /// Why it was not measured, when it was not.
  public let absent: String?
  /// The seconds it took.
  public let seconds: Spread?
  /// Its median over stock's, with an interval; `nil` for stock itself.
  public let ratio: Ratio?
  /// The share of the cold penalty it removes.
  public let removed: Double?
  /// Median CPU seconds.
  public let cpu: Double?
  /// Median peak memory in megabytes.
  public let megabytes: Double?
  /// Median requests the importing thread made to the slow file system and waited for.
  public let importing: Double?
  /// System calls of the importing thread.
  public let calls: Int?
  /// What the comparison shows; `nil` for stock itself.
  public let verdict: Verdict?

  /// Builds the rows of a cell, in the order of its series.
  public static func rows(of cell: Cell) -> [Row] {
    let stock = cell.series.first { $0.contestant == "stock" }?.samples.map(\.seconds) ?? []
    let warm = cell.series.first { $0.contestant == "stock-warm" }?.samples.map(\.seconds) ?? []
    return cell.series.map { Row($0, stock: stock, warm: warm) }
  }

  init(_ series: Series, stock: [Double], warm: [Double]) {
    let samples = series.samples
    let own = samples.map(\.seconds)
    (contestant, title) = (series.contestant, series.title)
    absent = series.absent
    seconds = Spread(own)
    ratio = series.contestant == "stock" ? nil : Ratio(own, to: stock)
    verdict = ratio.map { Verdict($0, runs: min(own.count, stock.count)) }
    removed =
      own.isEmpty || stock.isEmpty || warm.isEmpty || series.contestant.hasPrefix("stock")
      ? nil : penaltyRemoved(cold: median(stock), warm: median(warm), ours: median(own))
    cpu = samples.isEmpty ? nil : median(samples.map(\.cpu))
    megabytes = samples.isEmpty ? nil : median(samples.map { Double($0.peakKilobytes) / 1024 })
    let requests = samples.compactMap(\.importing).map { counts in
      Double(counts.filter { !$0.key.hasPrefix("release") }.map(\.value).reduce(0, +))
    }
    importing = requests.isEmpty ? nil : median(requests)
    calls = series.importingCalls
  }
}
