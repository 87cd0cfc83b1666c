import Foundation

/// One line for a person about why the measurement cannot go on.
struct Failure: Error, CustomStringConvertible {
  let description: String
}

/// The directory `Benchmarks`, seen from the built program.
func home() -> String {
  var folder = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
  while folder.count > 1, access(folder + "/workloads", F_OK) != 0 {
    folder = (folder as NSString).deletingLastPathComponent
  }
  return folder
}

/// What a command prints; throws when it fails.
func printed(by argv: [String], environment: [String: String]? = nil) throws -> String {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = argv
  process.environment = environment ?? Tree.environment(path: [])
  let pipe = Pipe()
  process.standardOutput = pipe
  process.standardError = FileHandle.nullDevice
  process.standardInput = FileHandle.nullDevice
  try process.run()
  let data = pipe.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  guard process.terminationStatus == 0 else {
    throw Failure(description: "\(argv.joined(separator: " ")) failed")
  }
  return String(decoding: data, as: UTF8.self)
}

/// The instructions a command executes, as callgrind counts them; `nil` without valgrind.
func instructions(_ argv: [String], _ environment: [String: String]? = nil) -> Int? {
  let file = NSTemporaryDirectory() + "callgrind-\(getpid())"
  defer { unlink(file) }
  let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
  let command = argv.map { $0 == "/proc/self/exe" ? own : $0 }
  let valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=\(file)"]
  guard (try? printed(by: valgrind + command, environment: environment)) != nil,
    let text = try? String(contentsOfFile: file, encoding: .utf8)
  else { return nil }
  let line = text.split(separator: "\n").last {
    $0.hasPrefix("totals:") || $0.hasPrefix("summary:")
  }
  return line?.split(separator: " ").last.flatMap { Int($0) }
}

/// The median.
func middle(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  guard !sorted.isEmpty else { return .nan }
  let half = sorted.count / 2
  return sorted.count % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

/// Text followed by spaces up to a width.
func pad(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}

extension Duration {
  /// The duration as seconds.
  var seconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) / 1e18
  }
}
