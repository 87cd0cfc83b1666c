internal import Glibc

/// One thing that went wrong, in words for the person at the terminal.
struct Failure: Error {
  /// What happened, without the tool's name and on one line.
  let message: String
  /// The status the process ends with.
  let status: ExitStatus

  /// Describes a failure; line breaks in `message` become spaces.
  init(_ message: String, status: ExitStatus = .failure) {
    self.message = message.split(whereSeparator: \.isNewline).joined(separator: " ")
    self.status = status
  }

  /// Describes a failed system call on `path`.
  init(_ path: String, errorNumber: Int32, status: ExitStatus = .failure) {
    self.init("\(path): \(Self.text(for: errorNumber))", status: status)
  }

  /// Writes the one line to standard error.
  func report() {
    Self.warn(message)
  }

  /// Writes `importahead: message` to standard error.
  static func warn(_ message: String) {
    var line = "importahead: \(message)\n"
    line.withUTF8 { bytes in
      _ = unsafe write(STDERR_FILENO, bytes.baseAddress, bytes.count)
    }
  }

  /// What the system calls an error number, for example "No such file or directory".
  static func text(for errorNumber: Int32) -> String {
    guard let text = unsafe strerror(errorNumber) else { return "error \(errorNumber)" }
    return unsafe String(cString: text)
  }
}
