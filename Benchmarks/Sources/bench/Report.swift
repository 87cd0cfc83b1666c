import Measure

/// The whole run as Markdown.
func report(_ archive: Archive) -> String {
  var text = "# \(archive.name), \(archive.date.prefix(10))\n\n"
  text += "`\(archive.command.joined(separator: " "))`\n\n"
  text += listed(archive.machine)
  text += (archive.notes ?? []).map { "\n\n\($0)" }.joined()
  text += means(archive)
  for cell in archive.cells {
    text += "\n\n## \(cell.title) on \(cell.storageTitle)\n\n"
    if let modules = cell.modules { text += "\(modules) modules.\n\n" }
    text += Table(cell).markdown
    if let repeats = cell.repeats, repeats > 0 {
      text +=
        "\n\nStarts made again because the kernel threw pages away in them: \(repeats)."
    }
    for series in cell.series {
      guard let statistics = series.statistics else { continue }
      let shown = statistics.compactMap { key, value in value.number.map { (key, $0) } }.sorted {
        $0.0 < $1.0
      }
      .map { "\($0.0) \(fixed($0.1, $0.1 == $0.1.rounded() ? 0 : 3))" }
      text += "\n\n\(series.title), one counted start: \(shown.joined(separator: ", "))."
    }
  }
  return text + "\n"
}

/// What the contestants amount to over all programs, storage by storage, where there are several.
private func means(_ archive: Archive) -> String {
  let bars = archive.cells.filter { $0.figure == "bars" }
  var storages: [String] = []
  for cell in bars where !storages.contains(cell.storage) { storages.append(cell.storage) }
  return storages.map { storage in
    let cells = Summary.comparable(bars.filter { $0.storage == storage })
    guard cells.count > 1 else { return "" }
    let names = cells.map(\.title).joined(separator: ", ")
    return "\n\n## All programs on \(cells[0].storageTitle)\n\n"
      + "Geometric means of the medians' ratios over \(names): what all were measured with"
      + " that were measured with nearly all.\n\n"
      + Table(Summary.summaries(of: cells)).markdown
  }
  .joined()
}

/// A few sentences that answer whether it helps, how much, and against what.
func summary(_ archive: Archive) -> String {
  archive.cells.filter { $0.figure == "bars" }.compactMap { cell in
    let rows = Row.rows(of: cell)
    let named = "\(cell.title) on \(cell.storage)"
    guard let stock = rows.first(where: { $0.contestant == Contestant.stock.rawValue })?.seconds
    else { return "\(named): not measured." }
    let ranked = rows.filter { $0.ratio != nil && $0.contestant != Contestant.stockWarm.rawValue }
      .sorted { ($0.ratio?.value ?? 0) < ($1.ratio?.value ?? 0) }
    let kind = { (row: Row) in Contestant(rawValue: row.contestant) }
    let first = ranked.first { kind($0) == .ioUring || kind($0) == .threads }
    let learned = ranked.first { kind($0)?.isLearned == true }
    let rival = ranked.first { kind($0)?.backend == nil }
    let parts = [first, learned, rival].compactMap { row -> String? in
      guard let row, let seconds = row.seconds, let ratio = row.ratio else { return nil }
      let sure = row.verdict == .faster || row.verdict == .slower
      let doubt = sure ? "" : ", \(row.verdict?.rawValue ?? "")"
      return "\(row.title) \(duration(seconds.median)) (\(times(ratio.value)) of stock\(doubt))"
    }
    let absence = first == nil && learned == nil ? ["importahead not measured"] : []
    let all = ["stock \(duration(stock.median))"] + parts + absence
    return "\(named): \(all.joined(separator: "; "))."
  }
  .joined(separator: "\n")
}
