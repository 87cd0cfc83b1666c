import Foundation
import ImportaheadCore

/// A synthetic tree to plan, fetch and serve.
struct Tree {
  private let folder: String
  /// Its path entries.
  let entries: [String]
  private let modules: Int

  /// Writes and compiles a tree of `modules`.
  init(modules: Int, _ interpreter: Interpreter) throws {
    folder = NSTemporaryDirectory() + "stages-\(getpid())"
    entries = [folder + "/path0"]
    self.modules = modules
    let script = home() + "/workloads/make_synthetic.py"
    _ = try printed(by: [interpreter.path, script, folder, "\(modules)", "3", "10", "4000", "1"])
    _ = try printed(by: [interpreter.path, "-m", "compileall", "-q", folder])
  }

  /// Deletes the tree.
  func remove() { try? FileManager.default.removeItem(atPath: folder) }

  /// An environment with nothing of Python's but a path.
  static func environment(path: [String]) -> [String: String] {
    var all = ProcessInfo.processInfo.environment.filter {
      !$0.key.hasPrefix("PYTHON") && !$0.key.hasPrefix("IMPORTAHEAD")
    }
    if !path.isEmpty { all["PYTHONPATH"] = path.joined(separator: ":") }
    // No stage learns from an earlier one, and none stops because all is in the page cache.
    all["IMPORTAHEAD_PROFILE"] = "off"
    all["IMPORTAHEAD_REST"] = "off"
    return all
  }

  /// An environment that finds the tree, and the product where it is given.
  func environment(product: String?) -> [String: String] {
    Self.environment(path: [product].compactMap { $0 } + entries)
  }

  /// What one prefetch took.
  struct Prefetch {
    let files: Int
    let seconds: Double
    let cpu: Double
  }

  /// Runs a session over the tree with nobody importing; `nil` when it does not end in 10 s.
  func prefetch(_ interpreter: Interpreter, _ backend: Backend) -> Prefetch? {
    guard let session = start(interpreter, backend) else { return nil }
    defer { session.stop(milliseconds: 1000) }
    let clock = ContinuousClock()
    let begin = clock.now
    var (files, last) = (0, begin)
    while clock.now - last < .milliseconds(files == 0 ? 2000 : 60) {
      usleep(100)
      let now = session.statistics.filesFetched
      if now != files { (files, last) = (now, clock.now) }
      if clock.now - begin > .seconds(10) { return nil }
    }
    session.stop(milliseconds: 1000)
    guard files > 0 else { return nil }
    let cpu = Double(session.statistics.processorTime) / 1e9
    return Prefetch(files: files, seconds: (last - begin).seconds, cpu: cpu)
  }

  /// Names that a session finds in its listings, a second; `nil` when it finds none.
  func locate(_ interpreter: Interpreter) -> Double? {
    guard let session = start(interpreter, .threads) else { return nil }
    defer { session.stop(milliseconds: 1000) }
    usleep(500_000)
    guard
      let leaf = FileManager.default.enumerator(atPath: entries[0])?
        .first(where: { ($0 as? String)?.hasSuffix("/m0.py") == true }) as? String
    else { return nil }
    let directory = Array("\(entries[0])/\((leaf as NSString).deletingLastPathComponent)".utf8)
    let names = (0..<10).map { Array("m\($0)".utf8) } + [Array("absent".utf8)]
    func isLocated(_ name: [UInt8]) -> Bool {
      var question = Question()
      if case .found = session.locate(name, in: directory, mayWait: true, &question) { return true }
      return false
    }
    guard names.contains(where: isLocated) else { return nil }
    let rounds = 2000
    let time = ContinuousClock().measure {
      for _ in 0..<rounds {
        for name in names { _ = isLocated(name) }
      }
    }
    return Double(rounds * names.count) / time.seconds
  }

  private func start(_ interpreter: Interpreter, _ backend: Backend) -> Session? {
    let script = folder + "/use_synthetic.py"
    guard
      let settings = interpreter.settings(script: script, entries: entries, backend: backend)
    else { return nil }
    let session = Session(settings: settings)
    do { try session.start() } catch { return nil }
    return session
  }
}
