import ArgumentParser
import Foundation

/// The command `bench`.
@main
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure cold starts of Python programs, with importahead and with everything else.",
    subcommands: [RunCommand.self, WhereCommand.self, SmokeCommand.self, ReportCommand.self],
    defaultSubcommand: RunCommand.self)

  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      // Help goes its way; whatever is wrong is said in one line.
      guard !exitCode(for: error).isSuccess, !(error is ExitCode) else { exit(withError: error) }
      let lines = message(for: error).split(separator: "\n")
      note(lines.map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: " "))
      Foundation.exit(exitCode(for: error).rawValue)
    }
  }
}
