extension ProgramRoot {
  /// Whether the interpreter started with these arguments and variables writes bytecode: `-B` and
  /// PYTHONDONTWRITEBYTECODE keep it from that, the latter here under `-E` too.
  static func writesBytecode(commandLine: [[UInt8]]) -> Bool {
    guard !Confinement.hasVariable("PYTHONDONTWRITEBYTECODE") else { return false }
    let dash = UInt8(ascii: "-")
    for argument in commandLine.dropFirst() {
      guard argument.first == dash, argument.count > 1 else { return true }
      guard argument[1] != dash else { continue }
      for letter in argument.dropFirst() {
        if letter == UInt8(ascii: "B") { return false }
        if letter == UInt8(ascii: "c") || letter == UInt8(ascii: "m") { return true }
        // What follows is their value.
        if letter == UInt8(ascii: "W") || letter == UInt8(ascii: "X") { break }
      }
    }
    return true
  }
}
