internal import ArgumentParser

@main
struct Importahead: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "importahead",
    abstract: "readahead(2) for Python imports.")
}
