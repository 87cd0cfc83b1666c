/// A minor version of Python, such as 3.11.
struct PythonVersion: Comparable, CustomStringConvertible {
  let major: Int
  let minor: Int

  /// Makes a version from its two numbers.
  init(_ major: Int, _ minor: Int) {
    self.major = major
    self.minor = minor
  }

  /// Reads the first two numbers of `text`, for example of "3.11.7" or "3.15.0a2".
  init?(_ text: some StringProtocol) {
    let numbers = text.split(separator: ".").prefix(2).map { Int($0.prefix { $0.isNumber }) }
    guard numbers.count == 2, let major = numbers[0], let minor = numbers[1] else { return nil }
    self.init(major, minor)
  }

  var description: String { "\(major).\(minor)" }

  static func < (left: PythonVersion, right: PythonVersion) -> Bool {
    (left.major, left.minor) < (right.major, right.minor)
  }
}
