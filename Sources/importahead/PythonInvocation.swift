/// What a command line says to Python before the program's own arguments begin.
struct PythonInvocation {
  /// The options that keep the hook out when it is found through PYTHONPATH, as typed.
  let isolatingOption: String?

  /// Reads the options of `command`; a command that is not named python… has none.
  init(_ command: [ByteString]) {
    guard let name = command.first?.lastComponent, name.hasPrefix("python") else {
      isolatingOption = nil
      return
    }
    isolatingOption = Self.isolatingOption(in: command.dropFirst().map(\.text))
  }

  /// What the option means for this run, in one line.
  var warning: String? {
    switch isolatingOption {
    case "-S": "-S keeps the hook out: imports are not read ahead in this run"
    case let option?:
      "\(option) makes Python ignore the hook on PYTHONPATH; it does not ignore 'importahead enable'"
    case nil: nil
    }
  }

  /// Finds the first of -E, -I and -S among Python's own options.
  private static func isolatingOption(in arguments: [String]) -> String? {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      guard argument.hasPrefix("-"), argument != "-", argument != "--" else { return nil }
      if argument.hasPrefix("--") {
        // The only long option with a value of its own.
        if argument == "--check-hash-based-pycs" { rest = rest.dropFirst() }
        continue
      }
      let letters = argument.dropFirst()
      for (index, letter) in zip(letters.indices, letters) {
        if "EIS".contains(letter) { return "-\(letter)" }
        if "cm".contains(letter) { return nil }
        if "WX".contains(letter) {
          if letters.index(after: index) == letters.endIndex { rest = rest.dropFirst() }
          break
        }
      }
    }
    return nil
  }
}
