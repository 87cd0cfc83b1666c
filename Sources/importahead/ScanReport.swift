internal import FoundationEssentials
internal import ImportaheadCore

/// What one file was and what was found in it.
struct ScannedFile {
  /// `bytecode` or `source`.
  let form: String
  /// The imports.
  let scan: ImportScan
}

/// Prints what scans found, for people or one JSON object a line.
struct ScanReport {
  /// Whether to print JSON.
  let asJSON: Bool
  /// Whether only one file is reported, so that its path need not be.
  let isAlone: Bool

  /// Prints what was found in the file at `path`.
  func print(_ file: ScannedFile, path: String) {
    if asJSON {
      let line = JSONLine(
        path: path, form: file.form, statements: file.scan.statements.map(JSONStatement.init),
        bindings: file.scan.bindings.map { text($0) }, steps: file.scan.steps,
        isCut: file.scan.isCut, error: nil)
      write(line)
      return
    }
    if !isAlone { Swift.print("\(path) (\(file.form))") }
    for statement in file.scan.statements {
      let line = statement.line > 0 ? String(statement.line) : "-"
      let kind = name(of: statement.kind)
      let columns = [
        String(repeating: " ", count: max(0, 6 - line.count)) + line,
        kind + String(repeating: " ", count: max(0, 11 - kind.count)),
        spelling(of: statement),
      ]
      Swift.print(columns.joined(separator: "  "), terminator: "")
      var notes: [String] = []
      if statement.attempt > 0 { notes.append("try \(statement.attempt)") }
      if statement.fallbackOf > 0 { notes.append("if try \(statement.fallbackOf) fails") }
      if statement.isCalled { notes.append("in a function called here") }
      Swift.print(notes.isEmpty ? "" : "  # " + notes.joined(separator: ", "))
    }
    if file.scan.isCut {
      Failure.warn("\(path): scanned in part: it makes more work than its size explains")
    }
  }

  /// Prints why the file at `path` could not be scanned.
  func print(_ problem: ScanProblem, path: String) {
    if asJSON {
      write(JSONLine(path: path, error: problem.text))
    } else {
      Failure.warn("\(path): \(problem.text)")
    }
  }

  private func spelling(of statement: ImportStatement) -> String {
    let module = String(repeating: ".", count: statement.level) + text(statement.module)
    guard !statement.names.isEmpty else { return "import \(module)" }
    return "from \(module) import \(statement.names.map { text($0) }.joined(separator: ", "))"
  }

  private func write(_ line: JSONLine) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(line) else { return }
    Swift.print(String(decoding: data, as: UTF8.self))
  }
}

/// The name of a kind, as printed.
private func name(of kind: ImportKind) -> String {
  switch kind {
  case .eager: "eager"
  case .conditional: "conditional"
  case .fallback: "fallback"
  case .never: "never"
  case .lazy: "lazy"
  }
}

private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

private struct JSONLine: Encodable {
  let path: String
  var form: String?
  var statements: [JSONStatement]?
  var bindings: [String]?
  /// What the scan took, and whether it was ended before it was done.
  var steps: Int?
  var isCut: Bool?
  let error: String?

  enum CodingKeys: String, CodingKey {
    case path, form, statements, bindings, steps, error
    case isCut = "cut"
  }
}

private struct JSONStatement: Encodable {
  let kind: String
  let level: Int
  let module: String
  let names: [String]
  let line: Int
  let block: Int
  let attempt: Int
  let fallbackOf: Int
  let called: Bool

  enum CodingKeys: String, CodingKey {
    case kind, level, module, names, line, block, attempt, called
    case fallbackOf = "fallback_of"
  }

  init(_ statement: ImportStatement) {
    kind = importahead.name(of: statement.kind)
    level = statement.level
    module = text(statement.module)
    names = statement.names.map { text($0) }
    line = statement.line
    block = statement.block
    attempt = statement.attempt
    fallbackOf = statement.fallbackOf
    called = statement.isCalled
  }
}
