import Foundation

/// A directory mounted over itself on the slow file system.
final class SlowMount {
  private let directory: String
  private let counts: String
  private let trace: String?
  private let server: Child

  /// Requests by operation: all of them, and those of one thread.
  struct Requests: Decodable {
    let total: [String: Int]
    let by_thread: [String: [String: Int]]
  }

  /// Mounts `directory` over itself and waits until it is served.
  init(_ directory: String, options: [String], scratch: String, traced: Bool = false) throws {
    self.directory = directory
    let base = "\(scratch)/slow-\(UInt32.random(in: 0 ... .max))"
    counts = base + ".json"
    trace = traced ? base + ".trace" : nil
    let ready = base + ".ready"
    server = try Child(
      [sibling("slowfs")] + options + ["--end-with-parent", "--counts", counts]
        + (trace.map { ["--trace", $0] } ?? []) + [directory, directory],
      environment: cleanEnvironment(), output: ready, errors: base + ".err")
    defer { unlink(ready) }
    for _ in 0..<5000 {
      if (try? String(contentsOfFile: ready, encoding: .utf8)) == "ready\n" { return }
      if waitpid(server.pid, nil, WNOHANG) != 0 { break }
      usleep(1000)
    }
    let reason = (try? String(contentsOfFile: base + ".err", encoding: .utf8)) ?? ""
    throw Failure("slowfs did not start on \(directory): \(reason)")
  }

  /// Unmounts and returns what reached the file system, with the trace when there is one.
  func finish() throws -> (requests: Requests, trace: [Substring]) {
    var tries = 0
    while umount2(directory, 0) != 0, tries < 500 {
      tries += 1
      usleep(2000)
    }
    if tries == 500 {
      umount2(directory, CInt(MNT_DETACH))
      kill(server.pid, SIGTERM)
    }
    _ = server.wait()
    defer {
      unlink(counts)
      unlink((counts as NSString).deletingPathExtension + ".err")
      if let trace { unlink(trace) }
    }
    let data = try Data(contentsOf: URL(fileURLWithPath: counts))
    let lines = try trace.map { try String(contentsOfFile: $0, encoding: .utf8) } ?? ""
    return (
      try JSONDecoder().decode(Requests.self, from: data), lines.split(separator: "\n")
    )
  }
}
