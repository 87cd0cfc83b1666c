import Foundation
import ImportaheadCore

/// What a session has to know about an interpreter, asked of it once.
struct Interpreter: Codable {
  let version: [Int]
  let magic: UInt32
  let cacheSuffix: String
  let extensionSuffixes: [String]
  let sourceSuffixes: [String]
  let bytecodeSuffixes: [String]
  let knownModules: [String]
  let standardLibrary: String
  /// The program itself.
  var path = ""

  private enum CodingKeys: String, CodingKey {
    case version, magic, cacheSuffix, extensionSuffixes, sourceSuffixes, bytecodeSuffixes
    case knownModules, standardLibrary
  }

  /// Asks the interpreter at `path`.
  init(_ path: String) throws {
    let text = try printed(by: [path, home() + "/stages/facts.py"])
    self = try JSONDecoder().decode(Interpreter.self, from: Data(text.utf8))
    self.path = path
  }

  /// Reads what `facts(in:)` wrote; under valgrind nothing can be started.
  init(facts file: String) throws {
    self = try JSONDecoder().decode(
      Interpreter.self, from: Data(contentsOf: URL(fileURLWithPath: file)))
  }

  /// Writes these facts to a file in `folder` and returns its path.
  func facts(in folder: String) throws -> String {
    let file = folder + "/facts-\(getpid()).json"
    try JSONEncoder().encode(self).write(to: URL(fileURLWithPath: file))
    return file
  }

  /// What conditions are decided by.
  var facts: InterpreterFacts { InterpreterFacts(version: (version[0], version[1], version[2])) }

  /// Settings of a session that starts from `script`.
  func settings(script: String, entries: [String], backend: Backend) -> SessionSettings? {
    let bytes = { (names: [String]) in names.map { Array($0.utf8) } }
    var settings = SessionSettings()
    settings.pathEntries = bytes(entries)
    settings.knownModules = bytes(knownModules)
    settings.extensionSuffixes = bytes(extensionSuffixes)
    settings.sourceSuffixes = bytes(sourceSuffixes)
    settings.bytecodeSuffixes = bytes(bytecodeSuffixes)
    settings.cacheSuffix = Array(cacheSuffix.utf8)
    settings.magic = magic
    settings.facts = facts
    settings.backend = backend
    settings.isBackendForced = true
    return settings.setProgram(commandLine: bytes([path, script]), isSafe: false) ? settings : nil
  }
}

/// Files of the standard library, in memory.
struct Corpus {
  let files: [[UInt8]]
  let isBytecode: Bool

  /// Folders whose modules programs import; the rest of the library would only be more of the same.
  private static let folders = [
    "", "asyncio", "collections", "concurrent/futures", "email", "http", "importlib", "json",
    "logging", "multiprocessing", "unittest", "urllib", "xml/etree",
  ]

  /// Loads the files that end in `suffix`; bytecode of this interpreter only.
  init(_ interpreter: Interpreter, suffix: String) {
    isBytecode = suffix == ".pyc"
    let wanted = isBytecode ? interpreter.cacheSuffix : suffix
    let cached = isBytecode ? "/__pycache__" : ""
    files = Self.folders.flatMap { folder in
      let place = "\(interpreter.standardLibrary)/\(folder)\(cached)"
      let names = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
      return names.filter { $0.hasSuffix(wanted) }.sorted().compactMap {
        FileManager.default.contents(atPath: "\(place)/\($0)").map { [UInt8]($0) }
      }
    }
  }

  /// The size of all files.
  var bytes: Int { files.map(\.count).reduce(0, +) }

  /// Scans every file; returns how many imports there were.
  func scan(_ facts: InterpreterFacts) -> Int {
    var imports = 0
    for file in files {
      if isBytecode {
        imports += BytecodeScanner.scan(file.span.bytes, facts: facts)?.statements.count ?? 0
      } else {
        imports += SourceScanner.scan(file.span.bytes, facts: facts).statements.count
      }
    }
    return imports
  }
}
