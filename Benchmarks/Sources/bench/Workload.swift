import ArgumentParser
import Foundation

/// The programs that come with the harness.
enum Workload: String, CaseIterable, ExpressibleByArgument {
  case pass, cli, numpy, pandas, django, fastapi, synthetic, torch

  /// The name in tables.
  var title: String {
    switch self {
    case .pass: "python -c pass"
    case .cli: "command-line tool"
    case .numpy: "import numpy"
    case .pandas: "import pandas"
    case .django: "Django admin"
    case .fastapi: "FastAPI application"
    case .synthetic: "synthetic tree"
    case .torch: "import torch"
    }
  }

  /// The file of pinned requirements.
  var requirements: String {
    switch self {
    case .pass, .cli, .synthetic: "base"
    case .numpy, .pandas: "science"
    case .django: "django"
    case .fastapi: "fastapi"
    case .torch: "torch"
    }
  }
}

/// The shape of the synthetic tree.
struct TreeShape: Hashable {
  var modules = 1000
  var depth = 3
  var fanOut = 10
  var bytes = 4000
  var entries = 4

  /// The shape as arguments of the generator.
  var arguments: [String] { [modules, depth, fanOut, bytes, entries].map(String.init) }
  /// The shape as a directory's name.
  var id: String { arguments.joined(separator: "-") }
}

/// Makes the environments of the workloads, once, under a cache directory.
struct Workshop {
  let python: String
  let cache: String
  /// The directory of the workloads' sources.
  let sources: String
  private let version: String
  private let standardLibrary: String

  init(python: String, cache: String, sources: String) throws {
    guard let tool = python.contains("/") ? python : find(python) else {
      throw Failure("\(python): not found")
    }
    let facts = try run([
      tool, "-c",
      "import sys, sysconfig; print(sys._base_executable, sys.version.split()[0], "
        + "sysconfig.get_path('stdlib'), sep='\\n')",
    ]).split(separator: "\n").map(String.init)
    guard facts.count == 3 else { throw Failure("\(tool) is no Python") }
    (self.python, version, standardLibrary) = (facts[0], facts[1], facts[2])
    (self.cache, self.sources) = (cache, sources)
    try FileManager.default.createDirectory(atPath: cache, withIntermediateDirectories: true)
  }

  /// The program of a workload, with its environment made.
  func program(_ workload: Workload, tree: TreeShape = TreeShape()) throws -> Program {
    let venv = try environment(workload.requirements)
    let python = venv + "/bin/python"
    let packages = try run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"])
    var program = Program(
      id: workload.rawValue, title: workload.title, argv: [python, "-c", "pass"],
      roots: outermost([venv, standardLibrary]),
      packages: packages.trimmingCharacters(in: .whitespacesAndNewlines))
    switch workload {
    case .pass: break
    case .cli:
      let folder = "\(cache)/app-cli-\(version)"
      try generate("make_cli.py", [folder], python)
      program.argv = [python, folder + "/use_cli.py", "--version"]
      program.roots = outermost(program.roots + [folder])
    case .synthetic:
      let folder = "\(cache)/tree-\(version)-\(tree.id)"
      try generate("make_synthetic.py", [folder] + tree.arguments, python)
      program.argv = [python, folder + "/use_synthetic.py"]
      program.path = (0..<max(1, min(tree.entries, tree.modules))).map { "\(folder)/path\($0)" }
      program.title = "synthetic, \(tree.modules) modules"
      program.roots = outermost(program.roots + [folder])
    default:
      program.argv = [python, "\(venv)/app/use_\(workload.rawValue).py"]
      // All scripts of an environment at once: an image of it then serves them all.
      for script in Workload.allCases.filter({ $0.requirements == workload.requirements }).map({
        "use_\($0.rawValue).py"
      }) where access("\(sources)/\(script)", R_OK) == 0 {
        try copy("\(sources)/\(script)", to: "\(venv)/app/\(script)")
      }
      if workload == .torch { program.memory = 3 << 30 }
    }
    return program
  }

  /// A virtual environment with pinned packages and compiled bytecode.
  private func environment(_ name: String) throws -> String {
    let requirements = "\(sources)/requirements/\(name).txt"
    let pinned = try String(contentsOfFile: requirements, encoding: .utf8)
    let venv = "\(cache)/env-\(name)-\(version)"
    let mark = venv + "/installed.txt"
    if (try? String(contentsOfFile: mark, encoding: .utf8)) == pinned { return venv }
    note("making \(venv)")
    try run([python, "-m", "venv", "--clear", venv])
    try run(["\(venv)/bin/python", "-m", "pip", "install", "-q", "-r", requirements])
    _ = try? run(["\(venv)/bin/python", "-m", "compileall", "-q", "-j", "0", "\(venv)/lib"])
    try pinned.write(toFile: mark, atomically: true, encoding: .utf8)
    return venv
  }

  private func generate(_ script: String, _ arguments: [String], _ python: String) throws {
    guard let folder = arguments.first else { return }
    let mark = folder + "/made.txt"
    let text = try String(contentsOfFile: "\(sources)/\(script)", encoding: .utf8)
    if (try? String(contentsOfFile: mark, encoding: .utf8)) == text { return }
    note("writing \(folder)")
    try? FileManager.default.removeItem(atPath: folder)
    try run([python, "\(sources)/\(script)"] + arguments)
    try run([python, "-m", "compileall", "-q", "-j", "0", folder])
    try text.write(toFile: mark, atomically: true, encoding: .utf8)
  }

  private func copy(_ source: String, to target: String) throws {
    let folder = (target as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let text = try Data(contentsOf: URL(fileURLWithPath: source))
    if FileManager.default.contents(atPath: target) != text {
      try text.write(to: URL(fileURLWithPath: target))
    }
  }
}
