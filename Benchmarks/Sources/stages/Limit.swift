import Foundation

/// The most, or the least, that a count may be; times have no limits.
struct Limit: Decodable, CustomStringConvertible {
  let stage: String
  let what: String
  let most: Double?
  let least: Double?

  /// Reads a file of limits.
  static func all(in file: String) throws -> [Limit] {
    guard let data = FileManager.default.contents(atPath: file),
      let limits = try? JSONDecoder().decode([Limit].self, from: data)
    else { throw Failure(description: "\(file) holds no limits") }
    return limits
  }

  /// Whether the measured value keeps it; what could not be measured breaks nothing.
  func holds(_ lines: [Stages.Line]) -> Bool {
    guard let line = lines.first(where: { $0.stage == stage && $0.what == what }) else {
      return true
    }
    return line.value <= most ?? .infinity && line.value >= least ?? -.infinity
  }

  var description: String {
    let bounds = [most.map { "at most \($0)" }, least.map { "at least \($0)" }].compactMap { $0 }
    return "\(stage), \(what): \(bounds.joined(separator: ", "))"
  }
}
