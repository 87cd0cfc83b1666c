internal import ArgumentParser
internal import FoundationEssentials
internal import ImportaheadCore

/// Shows the imports that evaluating a module makes, as the prefetcher sees them.
struct ScanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scan",
    abstract: "Show the imports that a module makes when it is imported.",
    discussion: """
      Reads source and bytecode files (.py, .pyc). Nothing is executed. --python decides \
      conditions such as 'sys.version_info >= (3, 12)'; without it they are decided for the \
      version that a bytecode file was made by, and for \(ScanCommand.assumed) in source. \
      A file that makes more work than its size explains is scanned in part.
      """)

  /// The version of Python that source is scanned for if none is named.
  private static let assumed = PythonVersion(3, 14)

  @Option(help: "The version of Python that conditions are decided for.")
  var python: ScanVersion?

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
      case .success(let found):
        report.print(found, path: path)
        if found.scan.isCut { failures += 1 }
      case .failure(let problem):
        failures += 1
        report.print(problem, path: path)
      }
    }
    // Each line of JSON says for itself what went wrong with it.
    if failures > 0 && !json { ExitStatus.end(.failure) }
  }

  private func listedFiles() throws -> [String] {
    guard let filesFrom else { return [] }
    if filesFrom == "-" {
      return Array(AnySequence { AnyIterator { readLine() } })
    }
    guard let data = FileManager.default.contents(atPath: filesFrom) else {
      throw Failure("\(filesFrom): cannot be read")
    }
    return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  private func scan(_ path: String) -> Result<ScannedFile, ScanProblem> {
    guard let data = FileManager.default.contents(atPath: path) else {
      return .failure(ScanProblem("cannot be read"))
    }
    let bytes = [UInt8](data)
    return path.hasSuffix(".pyc") ? scanBytecode(bytes) : .success(scanSource(bytes))
  }

  private func scanSource(_ bytes: [UInt8]) -> ScannedFile {
    let facts = (python ?? ScanVersion(Self.assumed)).facts
    // SAFETY: the span ends before the array that lends it.
    let scan = unsafe SourceScanner.scan(bytes.span.bytes, facts: facts, asMain: main)
    return ScannedFile(form: "source", scan: scan)
  }

  private func scanBytecode(_ bytes: [UInt8]) -> Result<ScannedFile, ScanProblem> {
    guard let header = unsafe BytecodeHeader(bytes.span.bytes) else {
      return .failure(ScanProblem("shorter than a bytecode header"))
    }
    guard let minor = header.pythonMinorVersion else {
      return .failure(
        ScanProblem("bytecode of an unknown version (magic \(header.magic & 0xFFFF))"))
    }
    let facts = (python ?? ScanVersion(PythonVersion(3, minor))).facts
    // SAFETY: the span ends before the array that lends it.
    let found = unsafe BytecodeScanner.scan(bytes.span.bytes, facts: facts, asMain: main)
    guard let scan = found else {
      return .failure(ScanProblem("malformed bytecode"))
    }
    return .success(ScannedFile(form: "bytecode", scan: scan))
  }
}

/// Why a file could not be scanned.
struct ScanProblem: Error {
  /// One phrase.
  let text: String

  /// A problem described by `text`.
  init(_ text: String) { self.text = text }
}
