import Testing

@testable import ImportaheadCore

/// A program on disk, and which of its files a session is to bring into memory.
struct PlanCase: CustomTestStringConvertible, Sendable {
  let title: String
  let files: [(name: String, text: String)]
  /// Files the session puts into memory; every other `.py` and `.pyc` file of the program it does not.
  let served: Set<String>
  var root = Root.script("app.py")
  /// Below the program's directory.
  var entries = [""]
  var bytecode: [Bytecode] = []
  var known: [String] = []
  var hashCheck = SessionSettings.HashCheck.asMarked

  enum Root: Sendable {
    case script(String)
    case command(String)
    case module(String)
  }

  /// A bytecode file: the code of the fixture `conditions.py` under a header of the test's.
  struct Bytecode: Sendable {
    enum Kind: Sendable { case fresh, stale, otherMagic, truncated, checked, unchecked }
    let name: String
    let source: String
    let kind: Kind
  }

  var testDescription: String { title }

  /// The directory below the shared tree.
  var folder: String {
    "program/" + String(title.map { $0.isLetter || $0.isNumber ? $0 : "-" })
  }

  /// The time of modification of every source file.
  static let sourceTime = 1_600_000_000

  func write(to tree: TemporaryTree) throws {
    try tree.makeDirectory(folder)
    for (name, text) in files {
      try tree.write("\(folder)/\(name)", text)
      try tree.touch("\(folder)/\(name)", seconds: Self.sourceTime)
    }
    guard let fixture = BytecodeFixture(minor: 11) else { return }
    for each in bytecode {
      let size = files.first { $0.name == each.source }?.text.utf8.count ?? 0
      try tree.write("\(folder)/\(each.name)", each.bytes(fixture.bytes, sourceSize: size))
    }
  }

  /// The settings of an interpreter that runs the program.
  func settings(in tree: TemporaryTree, backend: Backend) -> SessionSettings {
    var settings = SessionSettings()
    func path(_ name: String) -> [UInt8] {
      tree.bytes(name.isEmpty ? folder : "\(folder)/\(name)")
    }
    switch root {
    case .script(let name): settings.root = .script(path(name))
    case .command(let text): settings.root = .command(Array(text.utf8))
    case .module(let name): settings.root = .module(Array(name.utf8))
    }
    settings.pathEntries = entries.map(path)
    settings.knownModules = (known + ["sys", "builtins"]).map { Array($0.utf8) }
    settings.extensionSuffixes = [Array(".cpython-311.so".utf8), Array(".so".utf8)]
    settings.sourceSuffixes = [Array(".py".utf8)]
    settings.bytecodeSuffixes = [Array(".pyc".utf8)]
    settings.cacheSuffix = Array(".cpython-311.pyc".utf8)
    settings.magic =
      BytecodeFixture(minor: 11)
      .flatMap { BytecodeHeader($0.bytes.span.bytes)?.magic } ?? 0
    settings.facts = InterpreterFacts(version: (3, 11, 1))
    settings.hashCheck = hashCheck
    settings.backend = backend
    settings.isBackendForced = true
    return settings
  }
}

extension PlanCase.Bytecode {
  fileprivate func bytes(_ fixture: [UInt8], sourceSize: Int) -> [UInt8] {
    func word(_ value: Int) -> [UInt8] {
      (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    let time = PlanCase.sourceTime + (kind == .stale ? 1 : 0)
    var header = Array(fixture.prefix(4))
    if kind == .otherMagic { header[0] ^= 0xff }
    switch kind {
    case .checked: header += word(3) + word(1) + word(2)
    case .unchecked: header += word(1) + word(1) + word(2)
    default: header += word(0) + word(time) + word(sourceSize)
    }
    return kind == .truncated ? Array(header.prefix(10)) : header + fixture.dropFirst(16)
  }
}
