internal import ArgumentParser

/// `importahead disable`: takes away what `enable` installed.
struct Disable: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Remove importahead from an interpreter.")

  @OptionGroup var choice: InterpreterOption

  func run() throws {
    let interpreter = try choice.interpreter()
    let activation = Activation(of: interpreter)
    let wasEnabled = activation.isEnabled
    try activation.remove()
    let result = wasEnabled ? "disabled" : "was not enabled"
    print("\(result) for Python \(interpreter.version) in \(interpreter.sitePackages)")
  }
}
