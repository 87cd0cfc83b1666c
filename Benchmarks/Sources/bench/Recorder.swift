import Foundation
import Measure

/// Writes the archive of a run while it grows.
struct Recorder {
  let folder: String
  private var archive: Archive

  /// Makes the folder and describes the machine.
  init(folder: String, name: String, python: String, cache: String) throws {
    self.folder = folder
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch { throw Failure("\(folder) cannot be made") }
    let command = ["bench"] + CommandLine.arguments.dropFirst().map(Self.withoutHome)
    archive = Archive(
      name: name, date: ISO8601DateFormatter().string(from: Date()), command: command,
      machine: machineFacts(python: python, directory: cache))
  }

  /// An archive is read elsewhere: paths of this machine say nothing there.
  private static func withoutHome(_ argument: String) -> String {
    argument.hasPrefix("/") ? "…/" + (argument as NSString).lastPathComponent : argument
  }

  /// Adds a cell and writes everything so far, so that an interrupted run keeps what it has.
  mutating func add(_ cell: Cell) throws {
    archive.cells.append(cell)
    try write()
  }

  /// Notes what was planned and cannot be measured.
  mutating func miss(_ what: String) { notes.append("Not measured: \(what).") }

  /// Says what a budget cost: fewer rounds than planned, and what there was no time for.
  mutating func settle(budget: Double?, plan: Plan) {
    if Interruption.isAsked { notes.append("The run was interrupted.") }
    let missing = plan.items.filter { item in
      !archive.cells.contains {
        $0.figure == item.figure && $0.storage == item.storage.id && $0.parameter == item.parameter
          && item.subject.matches($0.workload)
      }
    }
    if !missing.isEmpty {
      let names = missing.map { "\($0.subject.title) on \($0.storage.id)" }
      notes.append(
        "\(Interruption.isAsked ? "Not reached" : "Left out, there was no time"): \(names.joined(separator: ", "))."
      )
    }
    guard let budget else { return }
    let reached = archive.cells.compactMap { cell in cell.series.map(\.samples.count).max() }
    let planned = plan.items.map(\.rounds)
    guard let most = reached.max(), let least = reached.min(), let wanted = planned.max() else {
      return
    }
    let fewer = zip(planned, reached).count { $0 > $1 }
    notes.append(
      "A budget of \(fixed(budget, budget == budget.rounded() ? 0 : 1)) minutes: of at most "
        + "\(wanted) rounds, \(least) to \(most) were made; \(fewer) of \(planned.count) "
        + "comparisons have fewer than planned.")
  }

  private var notes: [String] {
    get { archive.notes ?? [] }
    set { archive.notes = newValue }
  }

  private func write() throws {
    try archived(archive).write(
      to: URL(fileURLWithPath: folder + "/raw.json"), options: .atomic)
    try report(archive).write(
      toFile: folder + "/report.md", atomically: true, encoding: .utf8)
  }

  /// Draws the pictures, which need matplotlib, and says where everything is.
  func finish(plots: Bool, workshop: Workshop) throws {
    try write()
    if plots {
      do {
        let python = try workshop.plotter()
        try run([python, Setting.home + "/plots/plots.py", folder])
      } catch { note("no pictures: \(error)") }
    }
    print("\n\(summary(archive))\n")
    notes.forEach { print($0) }
    print("The archive: \(folder)")
  }
}

/// A value as archives keep it: JSON that can be read and compared line by line.
func archived(_ value: some Encodable) throws -> Data {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  return try encoder.encode(value)
}

extension Workshop {
  /// A Python with matplotlib, in an environment of its own.
  func plotter() throws -> String {
    let venv = "\(cache)/plots"
    if access(venv + "/installed", R_OK) != 0 {
      note("installing matplotlib")
      try run([python, "-m", "venv", "--clear", venv])
      try run(["\(venv)/bin/python", "-m", "pip", "install", "-q", "matplotlib"])
      try "".write(toFile: venv + "/installed", atomically: true, encoding: .utf8)
    }
    return venv + "/bin/python"
  }
}
