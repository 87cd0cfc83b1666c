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
    let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/raw.json"))
    let archive = try JSONDecoder().decode(Archive.self, from: data)
    try report(archive).write(toFile: folder + "/report.md", atomically: true, encoding: .utf8)
    guard let readme else { return print(report(archive)) }
    let text = try String(contentsOfFile: readme, encoding: .utf8)
    guard
      let replaced = text.replacing(
        between: "<!-- bench:begin -->", and: "<!-- bench:end -->", with: digest(archive))
    else { throw Failure("\(readme) has no <!-- bench:begin --> … <!-- bench:end -->") }
    try replaced.write(toFile: readme, atomically: true, encoding: .utf8)
  }

  /// The table README shows: a line per program and storage, a column per contestant.
  private func digest(_ archive: Archive) -> String {
    let cells = archive.cells.filter { $0.figure == "bars" && storage.contains($0.storage) }
    let name = (absolute(folder) as NSString).lastPathComponent
    let machine = archive.machine
    var lines: [String] = []
    for place in storage {
      let here = cells.filter { $0.storage == place }
      guard let first = here.first else { continue }
      let shown = first.series
      lines.append(
        "**\(first.storageTitle.prefix(1).uppercased() + first.storageTitle.dropFirst())**\n")
      lines.append("| | " + shown.map(\.title).joined(separator: " | ") + " |")
      lines.append("|---|" + shown.map { _ in "---:|" }.joined())
      lines += here.map { cell in
        let rows = Row.rows(of: cell)
        // The fastest of those that start cold is marked, whoever it is.
        let best = rows.filter { $0.title != Contestant.stockWarm.title }
          .compactMap { $0.seconds?.median }.min()
        let texts = rows.map { row -> String in
          guard let seconds = row.seconds else { return "–" }
          let text = duration(seconds.median)
          return seconds.median == best ? "**\(text)**" : text
        }
        return "| \(cell.title) | " + texts.joined(separator: " | ") + " |"
      }
      lines.append("")
    }
    lines.append(
      "Medians; the fastest cold start of each line in bold, – where a contestant does not work "
        + "or was stopped. "
        + "\(machine["processors"] ?? "?") processors under a load of "
        + "\(machine["load at start"]?.split(separator: " ").first ?? "?"), "
        + "kernel \(machine["kernel"] ?? "?"), Python "
        + "\(machine["python"]?.split(separator: " ").first ?? "?"). Spread, intervals and absences: "
        + "[Benchmarks/runs/\(name)](Benchmarks/runs/\(name)/report.md).")
    return lines.joined(separator: "\n")
  }
}

extension String {
  /// This text with what stands between two marks replaced, or `nil` when they are not there.
  func replacing(between begin: String, and end: String, with text: String) -> String? {
    guard let from = range(of: begin), let to = range(of: end, range: from.upperBound..<endIndex)
    else { return nil }
    return self[..<from.upperBound] + "\n" + text + "\n" + self[to.lowerBound...]
  }
}
