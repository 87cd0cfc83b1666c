import Foundation

/// A program ready to be started, on files that exist.
struct Program {
  /// The identifier in archives.
  var id: String
  /// The name in tables.
  var title: String
  /// The command.
  var argv: [String]
  /// Variables on top of the clean environment.
  var environment: [String: String] = [:]
  /// Directories on PYTHONPATH, after what a contestant puts there.
  var path: [String] = []
  /// Where it runs.
  var directory: String?
  /// The directories its files are in; what a storage slows down or evicts.
  var roots: [String]
  /// Its site-packages, for tools that take a directory.
  var packages: String?
  /// Bytes of memory that a start takes, files in the page cache included.
  var memory = 512 << 20
  /// Whether the environment is the user's own, to be passed on.
  var inheritsEnvironment = false

  /// The launch without any contestant's additions.
  func launch(path extra: [String] = [], _ variables: [String: String] = [:]) -> Launch {
    var all = inheritsEnvironment ? ProcessInfo.processInfo.environment : cleanEnvironment()
    for name in ["PYTHONDONTWRITEBYTECODE", "IMPORTAHEAD_BENCH_NAMESPACE"] {
      all.removeValue(forKey: name)
    }
    let own = all["PYTHONPATH"].map { [$0] } ?? []
    let search = extra + path + own
    if !search.isEmpty { all["PYTHONPATH"] = search.joined(separator: ":") }
    all.merge(environment) { $1 }
    // Where importahead is switched on for good, what is called stock must be stock all the same.
    all["IMPORTAHEAD"] = "0"
    all.merge(variables) { $1 }
    return Launch(argv: argv, environment: all, directory: directory)
  }
}

extension Program {
  /// A user's own command; its roots are what its interpreter searches.
  static func user(_ command: [String], roots given: [String]) throws -> Program {
    guard let first = command.first, let tool = first.contains("/") ? first : find(first) else {
      throw Failure("\(command.first ?? ""): not found")
    }
    var roots = given
    if roots.isEmpty {
      // The interpreter itself stays where it is: what is measured is imports.
      let script = """
        import sys, sysconfig
        venv = [sys.prefix] if sys.prefix != sys.base_prefix else []
        print(*sys.path, *venv, sysconfig.get_path("stdlib"), sep="\\n")
        """
      guard let found = try? run([interpreter(of: tool), "-c", script]) else {
        throw Failure("what \(first) searches is not known; name its directories with --root")
      }
      roots = found.split(separator: "\n").map(String.init)
      let scripts = command.dropFirst().filter { $0.hasSuffix(".py") }
      roots += scripts.prefix(1).map { ($0 as NSString).deletingLastPathComponent }
        .map { $0.isEmpty ? "." : $0 }
    }
    return Program(
      id: "command", title: title(of: command), argv: [tool] + command.dropFirst(),
      directory: FileManager.default.currentDirectoryPath, roots: outermost(roots),
      packages: roots.first { $0.hasSuffix("-packages") }, inheritsEnvironment: true)
  }

  /// A command in a table's heading: no folders, no long tails.
  static func title(of command: [String]) -> String {
    let words = command.map { $0.hasPrefix("/") ? ($0 as NSString).lastPathComponent : $0 }
    let text = words.joined(separator: " ").replacingOccurrences(of: "\n", with: " ")
    return text.count > 40 ? text.prefix(39) + "…" : text
  }

  /// The Python behind a command: itself, or the one its first line names.
  private static func interpreter(of tool: String) -> String {
    guard let handle = FileHandle(forReadingAtPath: tool) else { return tool }
    let start = String(decoding: handle.readData(ofLength: 256), as: UTF8.self)
    guard start.hasPrefix("#!"), let line = start.split(separator: "\n").first else { return tool }
    let words = line.dropFirst(2).split(separator: " ").map(String.init)
    let named = words.first.map { $0.hasSuffix("/env") ? words.last ?? $0 : $0 } ?? tool
    // A version manager's `python` is a script for a shell, and stands for a Python all the same.
    return (named as NSString).lastPathComponent.hasPrefix("py") ? named : tool
  }
}

/// The existing directories among `paths`, without those inside another, real and absolute.
func outermost(_ paths: [String]) -> [String] {
  let real = Set(
    paths.compactMap { path -> String? in
      guard !path.isEmpty, let resolved = realpath(path, nil) else { return nil }
      defer { free(resolved) }
      var status = stat()
      guard stat(resolved, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return nil }
      // Mounting over the system itself would slow every process in the namespace.
      let text = String(cString: resolved)
      return ["/", "/usr", "/usr/local", "/usr/bin", "/bin"].contains(text) ? nil : text
    })
  return real.filter { path in !real.contains { $0 != path && path.hasPrefix($0 + "/") } }.sorted()
}
