internal import ArgumentParser
internal import Foundation
internal import ImportaheadCore

/// Shows the imports that evaluating a module makes, as the prefetcher sees them.
struct ScanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scan",
    abstract: "Show the imports that a module makes when it is imported.",
    discussion: """
      Reads bytecode files (.pyc). Nothing is executed. Each file's version of Python is taken \
      from the file; --python decides conditions such as 'sys.version_info >= (3, 12)'.
      """)

  @Option(help: "The version of Python that conditions are decided for (default: the file's own).")
  var python: PythonVersion?

  @Option(help: "Read paths from FILE, one a line; '-' is standard input.")
  var filesFrom: String?

  @Flag(help: "Print one JSON object a line for each file.")
  var json = false

  @Flag(help: "Scan as if each file were run as a script.")
  var main = false

  @Argument(help: "The files to scan.")
  var files: [String] = []

  mutating func validate() throws {
    if files.isEmpty && filesFrom == nil {
      throw ValidationError("name a file to scan, or use --files-from.")
    }
  }

  mutating func run() throws {
    let report = ScanReport(asJSON: json, isAlone: filesFrom == nil && files.count == 1)
    var failures = 0
    for path in try files + listedFiles() {
      switch scan(path) {
      case .success(let found): report.print(found, path: path)
      case .failure(let problem):
        failures += 1
        report.print(problem, path: path)
      }
    }
    // Each line of JSON says for itself what went wrong with it.
    if failures > 0 && !json { throw ExitCode.failure }
  }

  private func listedFiles() throws -> [String] {
    guard let filesFrom else { return [] }
    let data: Data?
    if filesFrom == "-" {
      data = FileHandle.standardInput.readDataToEndOfFile()
    } else {
      data = FileManager.default.contents(atPath: filesFrom)
    }
    guard let data else { throw ValidationError("cannot read \(filesFrom).") }
    return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  private func scan(_ path: String) -> Result<ScannedFile, ScanProblem> {
    guard let data = FileManager.default.contents(atPath: path) else {
      return .failure(ScanProblem("cannot read the file"))
    }
    guard path.hasSuffix(".pyc") else {
      return .failure(ScanProblem("not a bytecode file (.pyc)"))
    }
    return scanBytecode([UInt8](data))
  }

  private func scanBytecode(_ bytes: [UInt8]) -> Result<ScannedFile, ScanProblem> {
    guard let header = BytecodeHeader(bytes.span.bytes) else {
      return .failure(ScanProblem("shorter than a bytecode header"))
    }
    guard let minor = header.pythonMinorVersion else {
      return .failure(ScanProblem("bytecode of an unknown version (magic \(header.magic & 0xFFFF))"))
    }
    let version = python ?? PythonVersion(minor: minor)
    let facts = InterpreterFacts(version: (3, version.minor, version.micro))
    guard let scan = BytecodeScanner.scan(bytes.span.bytes, facts: facts, asMain: main) else {
      return .failure(ScanProblem("malformed bytecode"))
    }
    return .success(ScannedFile(form: "bytecode", scan: scan))
  }
}

/// A version of Python as written on the command line: `3.11` or `3.11.7`.
struct PythonVersion: ExpressibleByArgument {
  /// The second and third number.
  var minor: Int
  var micro = 0

  /// The version 3.`minor`.0.
  init(minor: Int) { self.minor = minor }

  init?(argument: String) {
    let parts = argument.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2 || parts.count == 3, parts[0] == 3, let minor = parts[1], minor >= 0
    else { return nil }
    self.minor = minor
    if parts.count == 3 {
      guard let micro = parts[2], micro >= 0 else { return nil }
      self.micro = micro
    }
  }
}

/// Why a file could not be scanned.
struct ScanProblem: Error {
  /// One phrase.
  let text: String

  /// A problem described by `text`.
  init(_ text: String) { self.text = text }
}
