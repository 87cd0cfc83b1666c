internal import ArgumentParser

/// `importahead doctor`: says what importahead would do here, and changes nothing.
struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what importahead finds on this machine.",
    discussion: "A ring is set up and let go again, but not where a seccomp filter is in force.")

  func run() throws {
    let kernel = KernelReport()
    print("importahead  \(Release.version)")
    print("package      \(Distribution()?.directory.text ?? "not beside the tool")")
    print("kernel       \(kernel.release)")
    print("seccomp      \(kernel.filter)")
    print("io_uring     \(kernel.ringState)")
    print("back end     \(kernel.backend.rawValue)")
    print()
    let interpreters = InterpreterSearch.all()
    guard !interpreters.isEmpty else { throw Failure("no Python interpreter found") }
    let width = interpreters.map(\.version.count).max() ?? 0
    for interpreter in interpreters {
      print(Self.row(interpreter, versionWidth: width))
    }
  }

  private static func row(_ interpreter: Interpreter, versionWidth: Int) -> String {
    let padding = String(repeating: " ", count: versionWidth - interpreter.version.count)
    let isOn = Activation(of: interpreter).isEnabled
    let state = isOn ? "enabled" : "not enabled"
    return "python \(interpreter.version)\(padding)  \(interpreter.support), \(state)  "
      + interpreter.executable
  }
}
