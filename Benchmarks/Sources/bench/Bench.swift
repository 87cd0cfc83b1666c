import ArgumentParser

/// The command `bench`.
@main
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure cold starts of Python programs, with importahead and with everything else.",
    subcommands: [RunCommand.self, SmokeCommand.self, ReportCommand.self],
    defaultSubcommand: RunCommand.self)
}
