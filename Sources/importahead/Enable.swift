internal import ArgumentParser

/// The option that names an interpreter.
struct InterpreterOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "An interpreter or a virtual environment.",
      discussion: "The active environment, .venv here, or python3 on PATH when not given.",
      valueName: "path"))
  var python: String?

  /// The interpreter that is meant.
  func interpreter() throws -> Interpreter {
    try Interpreter(named: python ?? InterpreterSearch.current)
  }
}

/// `importahead enable`: installs the package and the line that loads it at every start.
struct Enable: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Switch importahead on for every run of an interpreter.",
    discussion: """
      Copies the package into the interpreter's site-packages as pip would, with importahead.pth \
      (and importahead.start for CPython 3.15 and later), so that it works wherever the \
      interpreter does, also with -I and -E. 'importahead disable' or 'pip uninstall importahead' \
      removes it.
      """)

  @OptionGroup var choice: InterpreterOption

  @Flag(help: "Also change an interpreter whose packages belong to the operating system.")
  var breakSystemPackages = false

  func run() throws {
    guard let distribution = Distribution() else {
      throw Failure("the Python package is not beside the tool: build it first")
    }
    let interpreter = try choice.interpreter()
    try require(interpreter)
    try Activation(of: interpreter).install(distribution, with: interpreter)
    print("enabled for Python \(interpreter.version) in \(interpreter.sitePackages)")
  }

  /// Refuses an interpreter that gains nothing, or is somebody else's to change.
  private func require(_ interpreter: Interpreter) throws {
    switch interpreter.support {
    case .full: break
    case .untested: Failure.warn("\(interpreter.version) is \(interpreter.support)")
    case .tooOld, .freeThreaded, .otherImplementation:
      throw Failure("\(interpreter.executable): \(interpreter.support)")
    }
    guard breakSystemPackages || !interpreter.isExternallyManaged else {
      throw Failure(
        "\(interpreter.executable): its packages belong to the operating system; use a virtual "
          + "environment, 'importahead run', or --break-system-packages")
    }
  }
}
