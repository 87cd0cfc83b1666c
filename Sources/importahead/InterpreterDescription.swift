internal import Glibc
internal import ImportaheadCore

/// What a session in an interpreter would know, asked without running the program.
struct InterpreterDescription {
  /// The settings that the hook would start a session with.
  let settings: SessionSettings

  /// Asks the interpreter that `command` starts, options and program included.
  ///
  /// The hook ends the process before the program begins; an interpreter that does not load the hook
  /// must not be asked.
  init?(asking command: [ByteString], with distribution: Distribution, isEnabled: Bool) throws {
    var variables = ["IMPORTAHEAD=1", "IMPORTAHEAD_DESCRIBE=1"].map { ByteString($0) }
    if !isEnabled {
      let path = try SearchPath(
        prepending: distribution.directory, to: ByteString.environment("PYTHONPATH"))
      variables.append(ByteString(Array("PYTHONPATH=".utf8) + path.value.bytes))
    }
    let output = ChildProcess.bytes(of: [ByteString("env")] + variables + command)
    guard let output, let fields = Self.fields(in: output) else { return nil }
    var isUseful = false
    guard let settings = SessionSettings(named: fields, isUseful: &isUseful) else { return nil }
    self.settings = settings
  }

  /// The texts behind the line that announces them: each with its length and a colon in front.
  private static func fields(in output: [UInt8]) -> [[UInt8]]? {
    let heading = Array("\nimportahead settings\n".utf8)
    let start = output.indices.first { output[$0...].starts(with: heading) }
    guard var rest = start.map({ output[($0 + heading.count)...] }) else { return nil }
    var fields: [[UInt8]] = []
    while let colon = rest.firstIndex(of: UInt8(ascii: ":")) {
      guard let count = Int(String(decoding: rest[..<colon], as: UTF8.self)), count >= 0,
        count <= rest.endIndex - colon - 1
      else { return nil }
      let end = colon + 1 + count
      fields.append(Array(rest[(colon + 1)..<end]))
      rest = rest[end...]
    }
    return rest.isEmpty ? fields : nil
  }
}
