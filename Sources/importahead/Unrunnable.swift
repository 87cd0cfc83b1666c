internal import FoundationEssentials
internal import Glibc

/// Why a command could not be executed, told as a shell would tell it.
struct Unrunnable {
  /// The message, and 126 or 127.
  let failure: Failure

  /// Explains what execvp(3) reported for `program`.
  init(_ program: ByteString, errorNumber: Int32) {
    let status = ExitStatus(executionError: errorNumber)
    failure = Failure(
      "\(program.text): \(Self.reason(program, errorNumber: errorNumber))", status: status)
  }

  private static func reason(_ program: ByteString, errorNumber: Int32) -> String {
    let exists = FileManager.default.fileExists(atPath: program.text)
    let isPath = program.bytes.contains(UInt8(ascii: "/"))
    if errorNumber == ENOENT, !isPath {
      guard exists else { return "command not found" }
      return "not found on PATH (did you mean python \(program.text)?)"
    }
    if errorNumber == ENOENT, let interpreter = interpreterLine(of: program.text) {
      return "its #! line names \(interpreter), which does not exist"
    }
    if errorNumber == EACCES, isDirectory(program.text) { return "is a directory" }
    return Failure.text(for: errorNumber)
  }

  private static func isDirectory(_ path: String) -> Bool {
    var directory = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &directory) && directory
  }

  /// The interpreter a script's first line asks for.
  private static func interpreterLine(of path: String) -> String? {
    guard let file = unsafe fopen(path, "r") else { return nil }
    defer { unsafe fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    guard unsafe fgets(&line, 256, file) != nil else { return nil }
    let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    guard text.hasPrefix("#!") else { return nil }
    return text.dropFirst(2).split(whereSeparator: \.isWhitespace).first.map(String.init)
  }
}
