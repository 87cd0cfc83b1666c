import ImportaheadCore
import Testing

/// One small source file and the imports to be found in it.
///
/// An import is written as `line kind module` or `line kind ..module: name, name`; `kind` is left
/// out when eager.
struct SourceCase: Sendable, CustomTestStringConvertible {
  let title: String
  let source: [UInt8]
  let expected: [String]
  var version = (major: 3, minor: 13, micro: 0)
  var asMain = false

  init(
    _ title: String, _ source: String, _ expected: [String], minor: Int = 13, asMain: Bool = false
  ) {
    self.init(title, bytes: Array(source.utf8), expected, minor: minor, asMain: asMain)
  }

  init(
    _ title: String, bytes: [UInt8], _ expected: [String], minor: Int = 13, asMain: Bool = false
  ) {
    self.title = title
    source = bytes
    self.expected = expected
    version.minor = minor
    self.asMain = asMain
  }

  var testDescription: String { title }

  /// What the scanner finds.
  var scan: ImportScan {
    SourceScanner.scan(
      source.span.bytes, facts: InterpreterFacts(version: version), asMain: asMain)
  }

  /// What the scanner finds, in the notation of `expected`.
  var found: [String] { scan.statements.map(summary) }
}

/// Text of bytes that a test knows to be UTF-8.
func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// A statement as a short line: `3 conditional ..package: name, name`.
func summary(_ statement: ImportStatement) -> String {
  var line = "\(statement.line) "
  if statement.kind != .eager { line += "\(statement.kind) " }
  line += String(repeating: ".", count: statement.level) + text(statement.module)
  if !statement.names.isEmpty { line += ": " + statement.names.map(text).joined(separator: ", ") }
  return line
}
