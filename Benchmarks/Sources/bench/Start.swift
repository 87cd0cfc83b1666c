import Foundation

/// A measured process, started by the small program `starter`.
struct Start {
  /// The process itself.
  let pid: pid_t
  private let starter: Child
  private let report: FileHandle
  private let path: String

  /// What it took.
  struct Cost {
    let began: UInt64
    let ended: UInt64
    let user: Double
    let system: Double
    let peakKilobytes: Int
    let code: Int
  }

  /// Starts `argv`; it is killed after `patience` seconds.
  init(
    _ argv: [String], environment: [String: String], directory: String? = nil, patience: Int,
    errors: String, scratch: String
  ) throws {
    path = "\(scratch)/start-\(UInt32.random(in: 0 ... .max))"
    guard mkfifo(path, 0o600) == 0 else { throw Failure("cannot make \(path)") }
    let enter = directory.map { ["env", "-C", $0] } ?? []
    // Opened for both ways, so that neither end waits for the other.
    let descriptor = open(path, O_RDWR | O_CLOEXEC)
    report = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    starter = try Child(
      [sibling("starter"), "\(patience)", path] + enter + argv, environment: environment,
      errors: errors)
    pid = pid_t(readLine(from: report) ?? "") ?? 0
  }

  /// Waits for the end.
  func wait() throws -> Cost {
    let line = readLine(from: report) ?? ""
    _ = starter.wait()
    unlink(path)
    let numbers = line.split(separator: " ").compactMap { UInt64($0) }
    guard numbers.count == 6 else { throw Failure("the starter said nothing") }
    return Cost(
      began: numbers[1], ended: numbers[2], user: Double(numbers[3]) / 1e6,
      system: Double(numbers[4]) / 1e6, peakKilobytes: Int(numbers[5]), code: Int(numbers[0]))
  }
}

private func readLine(from handle: FileHandle) -> String? {
  var bytes: [UInt8] = []
  var byte: UInt8 = 0
  while read(handle.fileDescriptor, &byte, 1) == 1, byte != 0x0A { bytes.append(byte) }
  return String(decoding: bytes, as: UTF8.self)
}
