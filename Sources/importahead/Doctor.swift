internal import ArgumentParser

/// `importahead doctor`: says what importahead would do here, and changes nothing.
struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what importahead finds on this machine.",
    discussion: """
      A ring is set up and let go again, but not where a seccomp filter is in force. Each supported \
      interpreter is started once with the hook, to see the back end it reports.
      """)

  func run() throws {
    let switches = Self.switches
    let kernel = KernelReport()
    let distribution = Distribution()
    print("importahead  \(Release.version)")
    print("package      \(distribution?.directory.text ?? "not beside the tool")")
    print("kernel       \(kernel.release)")
    print("seccomp      \(kernel.filter)")
    print("io_uring     \(kernel.ringState)")
    print("back end     \(kernel.backend.rawValue)")
    if !switches.isEmpty { print("environment  \(switches.joined(separator: " "))") }
    print()
    let interpreters = InterpreterSearch.all()
    guard !interpreters.isEmpty else { throw Failure("no Python interpreter found") }
    let width = interpreters.map(\.version.count).max() ?? 0
    for interpreter in interpreters {
      let padding = String(repeating: " ", count: width - interpreter.version.count)
      let state = Self.state(of: interpreter, with: distribution)
      print("python \(interpreter.version)\(padding)  \(state)  \(interpreter.executable)")
    }
  }

  /// The variables that steer the hook, as they are set here.
  private static var switches: [String] {
    ["", "_BACKEND", "_STATS", "_DEBUG", "_PROFILE", "_BUNDLE"].map { "IMPORTAHEAD\($0)" }
      .compactMap { name in ByteString.environment(name).map { "\(name)=\($0.text)" } }
  }

  private static func state(of interpreter: Interpreter, with package: Distribution?) -> String {
    let isOn = Activation(of: interpreter).isEnabled
    let enabled = isOn ? "enabled" : "not enabled"
    guard interpreter.support == .full else { return "\(interpreter.support), \(enabled)" }
    guard let package else { return enabled }
    guard let backend = interpreter.backend(with: package) else {
      return "the hook does not load (IMPORTAHEAD_DEBUG=1 says why), \(enabled)"
    }
    return "\(backend), \(enabled)"
  }
}
