import FoundationEssentials
import ImportaheadCore
import Testing

/// A bytecode file that one version of Python compiled from `conditions.py`.
struct BytecodeFixture: Sendable, CustomTestStringConvertible {
  let minor: Int
  let bytes: [UInt8]

  /// The fixture of Python 3.`minor`.
  init?(minor: Int) {
    let folder = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let file = "/\(folder)/Fixtures/Bytecode/cpython-3\(minor).bytecode"
    guard let data = FileManager.default.contents(atPath: file) else { return nil }
    self.minor = minor
    bytes = [UInt8](data)
  }

  /// Every fixture there is.
  static var all: [Self] { (9...14).compactMap { Self(minor: $0) } }

  var testDescription: String { "3.\(minor)" }

  /// What the scanner finds.
  func scan(asMain: Bool = false) -> ImportScan? {
    BytecodeScanner.scan(
      bytes.span.bytes, facts: InterpreterFacts(version: (3, minor, 1)), asMain: asMain)
  }
}

extension ImportStatement {
  /// The statement as `line kind module names`.
  var summary: String {
    let kinds: [String] = ["eager", "conditional", "fallback", "never", "lazy"]
    let module = String(repeating: ".", count: level) + String(decoding: self.module, as: UTF8.self)
    let names = self.names.map { " " + String(decoding: $0, as: UTF8.self) }.joined()
    return "\(line) \(kinds[Int(kind.rawValue)]) \(module)\(names)"
  }
}
