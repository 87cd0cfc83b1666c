internal import ArgumentParser
internal import ImportaheadCore

/// A version of Python as conditions in source see it: `3.11` or `3.11.7`.
struct ScanVersion: ExpressibleByArgument {
  /// What a scan is told of the interpreter.
  let facts: InterpreterFacts

  /// The first release of a minor version.
  init(_ version: PythonVersion) {
    facts = InterpreterFacts(version: (version.major, version.minor, 0))
  }

  init?(argument: String) {
    guard let version = PythonVersion(argument), version.major == 3 else { return nil }
    let micro = argument.split(separator: ".").dropFirst(2).first
    let number = micro.map { Int($0.prefix { $0.isNumber }) } ?? 0
    guard let number else { return nil }
    facts = InterpreterFacts(version: (version.major, version.minor, number))
  }
}
