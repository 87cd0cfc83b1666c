internal import FoundationEssentials
internal import Glibc

/// Where interpreters are looked for.
enum InterpreterSearch {
  /// The interpreter a person at this prompt would mean: that of the active virtual environment, of
  /// `.venv` here, or the first python3 on PATH.
  static var current: String {
    if let active = ByteString.environment("VIRTUAL_ENV")?.text, !active.isEmpty {
      return "\(active)/bin/python"
    }
    return isExecutable(".venv/bin/python") ? ".venv/bin/python" : "python3"
  }

  /// Every interpreter found, each once: the current one, those on PATH, those under pyenv's root.
  static func all() -> [Interpreter] {
    var found: [Interpreter] = []
    for path in candidates() {
      guard let interpreter = Interpreter(asking: path) else { continue }
      let isKnown = found.contains {
        $0.sitePackages == interpreter.sitePackages && $0.version == interpreter.version
      }
      if !isKnown { found.append(interpreter) }
    }
    return found
  }

  /// Whether `path` is a directory.
  static func isDirectory(_ path: String) -> Bool {
    var directory = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &directory) && directory
  }

  private static func candidates() -> [String] {
    let names = ["python3"] + (6...20).map { "python3.\($0)" }
    var paths = [current]
    for directory in pathDirectories where !directory.hasSuffix("/shims") {
      paths += names.map { "\(directory)/\($0)" }.filter(isExecutable)
    }
    let root = pyenvRoot + "/versions"
    let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    return paths + versions.sorted().map { "\(root)/\($0)/bin/python" }.filter(isExecutable)
  }

  private static var pathDirectories: [String] {
    let path = ByteString.environment("PATH")?.text ?? "/usr/local/bin:/usr/bin:/bin"
    return path.split(separator: ":").map(String.init)
  }

  private static var pyenvRoot: String {
    if let root = ByteString.environment("PYENV_ROOT")?.text { return root }
    return (ByteString.environment("HOME")?.text ?? "") + "/.pyenv"
  }

  private static func isExecutable(_ path: String) -> Bool {
    unsafe access(path, X_OK) == 0
  }
}
