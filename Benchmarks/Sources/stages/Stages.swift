import ArgumentParser
import Foundation
import ImportaheadCore

/// The command `stages`: what each part costs by itself.
@main
struct Stages: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stages",
    abstract: "Measure scan, resolve, fetch, serve and start-up one by one; everything warm.",
    discussion: "Times are medians. Instructions are callgrind's, and repeat within about 1 %.")

  @Option(help: "The interpreter.")
  var python = "python3"

  @Option(help: "The built product. Default: dist/python.")
  var product: String?

  @Option(help: "Modules of the tree that resolve and fetch work on.")
  var modules = 1000

  @Option(help: "Write the results here as JSON.")
  var output: String?

  @Option(help: "The limits that counts must keep. Default: stages.json of the benchmarks.")
  var limits: String?

  @Option(help: .hidden)
  var scanOnce: String?

  @Option(help: .hidden)
  var facts: String?

  /// One line of the result.
  struct Line: Codable {
    let stage: String
    let what: String
    let value: Double
    let unit: String
  }

  mutating func run() throws {
    if let scanOnce, let facts { return try scanAll(form: scanOnce, Interpreter(facts: facts)) }
    let interpreter = try Interpreter(python)
    var lines: [Line] = []
    let report = { (stage: String, what: String, value: Double, unit: String) in
      let number = value >= 100 ? String(Int(value.rounded())) : String(format: "%.2f", value)
      print(pad(stage, 9), pad(what, 38), number, unit)
      lines.append(Line(stage: stage, what: what, value: value, unit: unit))
    }
    try scan(interpreter, report)
    let tree = try Tree(modules: modules, interpreter)
    defer { tree.remove() }
    session(tree, interpreter, report)
    let place = product ?? home() + "/../dist/python"
    try serve(tree, place, interpreter, report)
    try startUp(place, interpreter, report)
    if let output {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      try encoder.encode(lines).write(to: URL(fileURLWithPath: output))
    }
    let broken = try Limit.all(in: limits ?? home() + "/stages.json").filter { !$0.holds(lines) }
    for limit in broken { print("FAIL \(limit)") }
    if !broken.isEmpty { throw ExitCode(1) }
  }

  private func scanAll(form: String, _ interpreter: Interpreter) {
    let corpus = Corpus(interpreter, suffix: form.hasPrefix("source") ? ".py" : ".pyc")
    print(corpus.bytes, form.hasSuffix("-loaded") ? 0 : corpus.scan(interpreter.facts))
  }

  private func scan(
    _ interpreter: Interpreter, _ report: (String, String, Double, String) -> Void
  ) throws {
    for (form, suffix) in [("source", ".py"), ("bytecode", ".pyc")] {
      let corpus = Corpus(interpreter, suffix: suffix)
      guard corpus.bytes > 0 else { continue }
      let clock = ContinuousClock()
      let times = (0..<7).map { _ in
        clock.measure { _ = corpus.scan(interpreter.facts) }.seconds
      }
      report("scan", form, Double(corpus.bytes) / 1e6 / middle(times), "MB/s")
      report("scan", "\(form), a file", middle(times) / Double(corpus.files.count) * 1e6, "us")
      let own = ["/proc/self/exe", "--facts", try interpreter.facts(in: NSTemporaryDirectory())]
      let all = instructions(own + ["--scan-once", form])
      let loaded = instructions(own + ["--scan-once", form + "-loaded"])
      if let all, let loaded {
        let count = Double(all - loaded)
        report("scan", "\(form), instructions", count / Double(corpus.bytes), "a byte")
      }
    }
  }

  private func session(
    _ tree: Tree, _ interpreter: Interpreter, _ report: (String, String, Double, String) -> Void
  ) {
    for backend in [Backend.ring, .threads] {
      let runs = (0..<7).compactMap { _ in tree.prefetch(interpreter, backend) }
      guard let first = runs.first else { continue }
      let name = backend == .ring ? "io_uring" : "threads"
      report(
        "fetch", "\(name), scan and resolve included",
        Double(first.files) / middle(runs.map(\.seconds)), "files/s")
      report(
        "fetch", "\(name), CPU a file", middle(runs.map(\.cpu)) / Double(max(1, first.files)) * 1e6,
        "us")
    }
    if let rate = tree.locate(interpreter) {
      report("resolve", "names found in listings", rate, "names/s")
    }
  }

  private func serve(
    _ tree: Tree, _ product: String, _ interpreter: Interpreter,
    _ report: (String, String, Double, String) -> Void
  ) throws {
    let script = home() + "/stages/serve.py"
    for (name, path) in [("stock", nil), ("importahead", product)] {
      if let path, access(path + "/importahead", F_OK) != 0 { continue }
      let runs = try (0..<5).map { _ in
        try JSONDecoder().decode(
          [String: Double].self,
          from: Data(
            printed(
              by: [interpreter.path, script] + tree.entries,
              environment: tree.environment(product: path)
            ).utf8))
      }
      report("serve", "\(name), find", middle(runs.compactMap { $0["find"] }), "ns")
      report("serve", "\(name), get", middle(runs.compactMap { $0["get"] }), "ns")
      if let hits = runs.first?["hits"], let modules = runs.first?["modules"] {
        report("serve", "\(name), gets from memory", hits / max(1, modules) * 100, "%")
      }
    }
  }

  private func startUp(
    _ product: String, _ interpreter: Interpreter,
    _ report: (String, String, Double, String) -> Void
  ) throws {
    guard access(product + "/importahead", F_OK) == 0 else { return }
    let command = [interpreter.path, "-c", "pass"]
    var times: [String: [Double]] = [:]
    for _ in 0..<21 {
      for (name, path) in [("stock", nil), ("hook", product)] as [(String, String?)] {
        let environment = Tree.environment(path: [path].compactMap { $0 })
        let seconds = try ContinuousClock().measure {
          _ = try printed(by: command, environment: environment)
        }.seconds
        times[name, default: []].append(seconds)
      }
    }
    let stock = middle(times["stock"] ?? [])
    report("start-up", "python -c pass, stock", stock * 1e6, "us")
    report("start-up", "what the hook adds", (middle(times["hook"] ?? []) - stock) * 1e6, "us")
    let bare = instructions(command, Tree.environment(path: []))
    let hooked = instructions(command, Tree.environment(path: [product]))
    if let bare, let hooked {
      report("start-up", "what the hook adds, instructions", Double(hooked - bare) / 1e6, "million")
    }
  }
}
