internal import CLinux

/// Names the record of one program, as the command line says what it is: known before there is an
/// interpreter.
enum BootKey {
  /// The sixteen digits of the program's name; `nil` for an interactive start.
  ///
  /// `interpreter` is the file that will be executed, `variables` what else decides what it reads.
  static func digits(
    _ command: [[UInt8]], interpreter: [UInt8], variables: [[UInt8]]
  ) -> [UInt8]? {
    var hash = ByteHash()
    for part in [interpreter, WorkingDirectory.current ?? []] + variables {
      hash.combine(part)
      hash.combine(0)
    }
    guard PathBytes.split(interpreter).name.starts(with: "python".utf8) else {
      return Hexadecimal.digits(of: hash.value)
    }
    switch ProgramRoot(commandLine: command) {
    case .script(let path)?:
      hash.combine(1)
      hash.combine(path)
    case .module(let name)?:
      hash.combine(2)
      hash.combine(name)
    case .command(let text)?:
      hash.combine(3)
      hash.combine(text)
    case nil: return nil
    }
    return Hexadecimal.digits(of: hash.value)
  }

  /// Whether these are such digits.
  static func isValid(_ digits: [UInt8]) -> Bool {
    digits.count == 16
      && digits.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }

  /// The name of the record's file.
  static func fileName(_ digits: [UInt8]) -> [UInt8] { digits + Array(".boot".utf8) }
}
