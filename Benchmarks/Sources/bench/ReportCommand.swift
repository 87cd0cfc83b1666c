import ArgumentParser
import Foundation
import Measure

/// `bench report`: writes an archived run's table again, into README as well.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Make report.md, and README's table, from an archived run.")

  @Option(
    help: "A file whose part between <!-- bench:begin --> and <!-- bench:end --> is replaced.")
  var readme: String?

  @Option(help: "The storages README shows.")
  var storage: [String] = ["slow-1ms", "local-cold"]

  @Argument(help: "The folder of an archived run.")
  var folder: String

  mutating func run() throws {
    let archive = try Self.archive(in: folder)
    try report(archive).write(toFile: folder + "/report.md", atomically: true, encoding: .utf8)
    guard let readme else { return print(report(archive)) }
    guard let text = try? String(contentsOfFile: readme, encoding: .utf8) else {
      throw Failure("\(readme) cannot be read")
    }
    let name = (absolute(folder) as NSString).lastPathComponent
    guard
      let replaced = text.replacing(
        between: "<!-- bench:begin -->", and: "<!-- bench:end -->",
        with: digest(archive, name: name, storages: storage))
    else { throw Failure("\(readme) has no <!-- bench:begin --> … <!-- bench:end -->") }
    try replaced.write(toFile: readme, atomically: true, encoding: .utf8)
  }

  /// Reads `raw.json`.
  static func archive(in folder: String) throws -> Archive {
    guard let data = FileManager.default.contents(atPath: folder + "/raw.json") else {
      throw Failure("\(folder) holds no raw.json")
    }
    do {
      return try JSONDecoder().decode(Archive.self, from: data)
    } catch { throw Failure("\(folder)/raw.json is no archive of a run") }
  }
}

/// The tables README shows: one for each storage, a line per contestant and a column per program.
func digest(_ archive: Archive, name: String, storages: [String]) -> String {
  let machine = archive.machine
  let tables = storages.compactMap { storage in
    digest(archive.cells.filter { $0.figure == "bars" && $0.storage == storage })
  }
  return tables.joined(separator: "\n\n") + "\n\n"
    + "Medians, and their ratio to stock; the fastest cold start of each program in bold. "
    + "\"≈\": no difference from stock shown, or too few or too noisy starts to tell. "
    + "–: does not work there, or was stopped. "
    + "\(machine["processors"] ?? "?") processors, load at the start "
    + "\(machine["load at start"]?.split(separator: " ").first ?? "?"), "
    + "kernel \(machine["kernel"] ?? "?"), Python "
    + "\(machine["python"]?.split(separator: " ").first ?? "?"). Spread, intervals, absences: "
    + "[Benchmarks/runs/\(name)](Benchmarks/runs/\(name)/report.md)."
}

/// The table of one storage; `nil` when there is nothing to show.
private func digest(_ cells: [Cell]) -> String? {
  guard let first = cells.first, let most = cells.max(by: { $0.series.count < $1.series.count })
  else { return nil }
  let columns = cells.map(Row.rows)
  // The fastest of those that start cold is marked, whoever it is.
  let best = columns.map { rows in
    rows.filter { $0.contestant != Contestant.stockWarm.rawValue }.compactMap(\.seconds?.median)
      .min()
  }
  let place = first.storageTitle.prefix(1).uppercased() + first.storageTitle.dropFirst()
  var lines = [
    "**\(place)**\n", "| | " + cells.map(\.title).joined(separator: " | ") + " |",
    "|---|" + cells.map { _ in "---:|" }.joined(),
  ]
  lines += most.series.map { series in
    let texts = zip(columns, best).map { rows, best -> String in
      guard let row = rows.first(where: { $0.contestant == series.contestant }),
        let seconds = row.seconds
      else { return "–" }
      let sure = row.verdict == .faster || row.verdict == .slower
      let time = duration(seconds.median)
      let ratio = row.ratio.map { " (\(sure ? "" : "≈")\(times($0.value)))" } ?? ""
      return (seconds.median == best ? "**\(time)**" : time) + ratio
    }
    return "| \(series.title) | " + texts.joined(separator: " | ") + " |"
  }
  return lines.joined(separator: "\n")
}

extension String {
  /// This text with what stands between two marks replaced, or `nil` when they are not there.
  func replacing(between begin: String, and end: String, with text: String) -> String? {
    guard let from = range(of: begin), let to = range(of: end, range: from.upperBound..<endIndex)
    else { return nil }
    return self[..<from.upperBound] + "\n" + text + "\n" + self[to.lowerBound...]
  }
}
