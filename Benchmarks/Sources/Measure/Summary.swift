/// What one contestant amounts to over all programs on one storage.
public struct Summary: Sendable {
  /// The contestant's name.
  public let title: String
  /// Programs it was measured with.
  public let programs: Int
  /// Geometric mean of its median times over stock's.
  public let stock: Double?
  /// Geometric mean of its median times over stock's warm ones.
  public let warm: Double?
  /// Geometric mean of its median CPU times over those of stock's warm starts.
  public let cpu: Double?

  /// Summarises the cells of one storage, in the order of the longest's series.
  ///
  /// A program that a contestant was not measured with does not count for it: such a mean is over
  /// fewer programs than the others and says so.
  public static func summaries(of cells: [Cell]) -> [Summary] {
    guard let most = cells.max(by: { $0.series.count < $1.series.count }) else { return [] }
    return most.series.map { Summary($0.contestant, $0.title, cells) }
  }

  /// The cells that contestants may be compared over: those of programs that nobody lacks who was
  /// measured with three quarters of them or more.
  public static func comparable(_ cells: [Cell]) -> [Cell] {
    let contestants = Set(cells.flatMap { $0.series.map(\.contestant) }).filter { contestant in
      4 * cells.count { $0.samples(of: contestant) != nil } >= 3 * cells.count
    }
    return cells.filter { cell in
      contestants.allSatisfy { cell.samples(of: $0) != nil }
    }
  }

  private init(_ contestant: String, _ title: String, _ cells: [Cell]) {
    self.title = title
    let pairs = cells.compactMap { cell in
      cell.samples(of: contestant).map { (cell, $0) }
    }
    func mean(_ of: (Sample) -> Double, over base: (Cell) -> [Sample]?) -> Double? {
      let ratios = pairs.compactMap { cell, own in
        base(cell).map { median(own.map(of)) / median($0.map(of)) }
      }
      return ratios.count == pairs.count ? geometricMean(ratios) : nil
    }
    programs = pairs.count
    stock = mean(\.seconds) { $0.samples(of: "stock") }
    warm = mean(\.seconds) { $0.warm }
    cpu = mean(\.cpu) { $0.warm }
  }
}

extension Cell {
  /// The starts of a contestant; `nil` where there are none.
  fileprivate func samples(of contestant: String) -> [Sample]? {
    let samples = series.first { $0.contestant == contestant }?.samples ?? []
    return samples.isEmpty ? nil : samples
  }

  /// Stock's starts with everything in memory.
  fileprivate var warm: [Sample]? {
    samples(of: "stock-warm") ?? (storage == "local-warm" ? samples(of: "stock") : nil)
  }
}

extension Table {
  /// The table of all programs on one storage.
  public init(_ summaries: [Summary]) {
    header = ["", "vs stock", "vs stock, warm", "CPU vs stock, warm", "programs"]
    lines = summaries.map { summary in
      [summary.title] + [summary.stock, summary.warm, summary.cpu].map { $0.map(times) ?? "" }
        + ["\(summary.programs)"]
    }
  }
}
