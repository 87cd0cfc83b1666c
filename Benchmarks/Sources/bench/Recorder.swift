import Foundation
import Measure

/// Writes the archive of a run while it grows.
struct Recorder {
  let folder: String
  private var archive: Archive

  /// Makes the folder and describes the machine.
  init(folder: String, name: String, python: String, cache: String) throws {
    self.folder = folder
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
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

  private func write() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try encoder.encode(archive).write(to: URL(fileURLWithPath: folder + "/raw.json"))
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
    print("\n\(summary(archive))\n\nThe archive: \(folder)")
  }
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
