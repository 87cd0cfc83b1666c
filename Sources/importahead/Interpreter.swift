/// A Python on this machine, as it describes itself.
struct Interpreter: Equatable {
  /// Whether the hook does anything in an interpreter, and why not.
  enum Support: Equatable {
    case full
    /// Newer than what was tested: the hook stays out of its way.
    case untested
    case tooOld
    case freeThreaded
    case otherImplementation(String)
  }

  /// The path of its executable.
  let executable: String
  /// Its full version, for example "3.11.7".
  let version: String
  /// Where it looks for installed packages that hold extension modules.
  let sitePackages: String
  /// Whether its packages are the business of the operating system (PEP 668).
  let isExternallyManaged: Bool
  /// What the hook makes of it.
  let support: Support

  private static let question = """
    import os, sys, sysconfig
    managed = os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
    print(sys.executable or "?")
    print("%d.%d.%d" % sys.version_info[:3])
    print(sys.implementation.name)
    print(int(bool(sysconfig.get_config_var("Py_GIL_DISABLED"))))
    print(sysconfig.get_path("platlib"))
    print(int(sys.prefix == sys.base_prefix and os.path.exists(managed)))
    """

  /// Asks the interpreter at `path`; `nil` when there is none, or it is no Python 3.
  init?(asking path: String) {
    guard let answer = ChildProcess.output(of: [path, "-I", "-c", Self.question]) else {
      return nil
    }
    // Whatever a .pth file of its own prints comes first.
    let lines = answer.split(separator: "\n").suffix(6).map(String.init)
    guard lines.count == 6, let version = PythonVersion(lines[1]) else { return nil }
    executable = lines[0] == "?" ? path : lines[0]
    self.version = lines[1]
    sitePackages = lines[4]
    isExternallyManaged = lines[5] == "1"
    support = Self.support(
      version: version, implementation: lines[2], isFreeThreaded: lines[3] == "1")
  }

  /// Asks the interpreter a person means by `name`: a path, a command, or a virtual environment.
  init(named name: String) throws {
    let path = name.contains("/") || !InterpreterSearch.isDirectory(name) ? name : "./\(name)"
    let executable = InterpreterSearch.isDirectory(path) ? "\(path)/bin/python" : path
    guard let interpreter = Interpreter(asking: executable) else {
      throw Failure("\(name): no Python interpreter that runs")
    }
    self = interpreter
  }

  /// Prints the back end as soon as the session, which starts beside the program, has one.
  private static let backendQuestion = """
    import importahead, sys, time
    end = time.monotonic() + 2
    while importahead.stats()["backend"] == "none" and importahead.modules_at_start is not None:
        if time.monotonic() > end:
            break
        time.sleep(0.002)
    print(importahead.stats()["backend"])
    """

  /// The back end that a session in this interpreter reports; `nil` when there is no session.
  func backend(with distribution: Distribution) -> String? {
    let variables = ["IMPORTAHEAD=1", "PYTHONPATH=\(distribution.directory.text)"]
    let output = ChildProcess.output(
      of: ["env"] + variables + [executable, "-B", "-c", Self.backendQuestion])
    guard let line = output?.split(separator: "\n").last, line != "none" else { return nil }
    return String(line)
  }

  private static func support(
    version: PythonVersion, implementation: String, isFreeThreaded: Bool
  ) -> Support {
    guard implementation == "cpython" else { return .otherImplementation(implementation) }
    guard version >= Release.supported.lowerBound else { return .tooOld }
    guard !isFreeThreaded else { return .freeThreaded }
    return version <= Release.supported.upperBound ? .full : .untested
  }
}

extension Interpreter.Support: CustomStringConvertible {
  var description: String {
    let range = "CPython \(Release.supported.lowerBound) to \(Release.supported.upperBound)"
    return switch self {
    case .full: "supported"
    case .untested: "newer than tested (\(range)): imports are not read ahead"
    case .tooOld: "too old: importahead needs \(range)"
    case .freeThreaded: "free-threaded: it does not load the extension"
    case .otherImplementation(let name): "\(name): importahead needs \(range)"
    }
  }
}
