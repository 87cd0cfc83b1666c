internal import ArgumentParser

/// The command-line tool: reads the arguments, runs one command, says in one line what went wrong.
@main
struct Importahead: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "importahead",
    abstract: "readahead(2) for Python imports.",
    discussion: """
      importahead finds out what a Python program is about to import and reads those files in \
      parallel, ahead of the interpreter.
      """,
    version: Release.version,
    subcommands: [
      Run.self, Enable.self, Disable.self, BundleCommand.self, ScanCommand.self, Doctor.self,
    ])

  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let failure as Failure {
      failure.report()
      ExitStatus.end(failure.status)
    } catch {
      end(reporting: error)
    }
  }

  /// Prints help and version as they are, and any other complaint of the parser in one line.
  private static func end(reporting error: any Error) {
    let code = exitCode(for: error)
    guard !code.isSuccess else { exit(withError: error) }
    Failure(message(for: error), status: .usage).report()
    ExitStatus.end(.usage)
  }
}
