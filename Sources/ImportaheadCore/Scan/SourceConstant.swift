/// A value that a condition around imports is made of, if it is constant for an interpreter.
enum SourceConstant {
  case unknown
  case truth(Bool)
  case number(Int)
  case text([UInt8])
  /// A tuple, list or set of strings.
  case texts([[UInt8]])
  case version(SourceVersion)
  /// `__name__`.
  case moduleName

  /// Whether the value is true in Python's sense, if that is known.
  var truth: Bool? {
    switch self {
    case .unknown, .moduleName: nil
    case .truth(let value): value
    case .number(let value): value != 0
    case .text(let value): !value.isEmpty
    case .texts(let values): !values.isEmpty
    case .version(let value): value.count > 0
    }
  }
}

/// A tuple of integers, or as much of `sys.version_info` as is compared.
struct SourceVersion {
  var first = 0
  var second = 0
  var third = 0
  /// How many items are known, at most three.
  var count = 0
  /// Whether unknown items follow.
  var goesOn = false

  /// Adds an item; one beyond the third is only known to be there.
  mutating func append(_ item: Int) {
    switch count {
    case 0: first = item
    case 1: second = item
    case 2: third = item
    default: goesOn = true
    }
    if count < 3 { count &+= 1 }
  }

  /// The item at an index, or `nil` where it is not known.
  subscript(index: Int) -> Int? {
    guard index >= 0, index < count else { return nil }
    return index == 0 ? first : index == 1 ? second : third
  }

  /// The first items, or `nil` if there are more than are known.
  func prefix(_ length: Int) -> SourceVersion? {
    guard length <= count else { return goesOn ? nil : self }
    var prefix = self
    prefix.count = length
    prefix.goesOn = false
    return prefix
  }

  /// How this compares with another as Python's tuples do: -1, 0 or 1; `nil` where it is not known.
  func order(_ other: SourceVersion) -> Int? {
    for index in 0..<min(count, other.count) {
      guard let left = self[index], let right = other[index] else { return nil }
      if left != right { return left < right ? -1 : 1 }
    }
    if count != other.count {
      // The one with fewer known items must really have fewer, or nothing is known.
      let shorter = count < other.count ? self : other
      guard !shorter.goesOn else { return nil }
      return count < other.count ? -1 : 1
    }
    if goesOn, other.goesOn { return nil }
    return goesOn ? 1 : other.goesOn ? -1 : 0
  }
}

/// A comparison in a condition.
enum SourceComparison {
  case equal
  case notEqual
  case less
  case lessOrEqual
  case greater
  case greaterOrEqual
  case isIn
  case isNotIn

  /// Whether `left` stands in this relation to `right`, if that is known, and within the budget.
  func holds(
    _ left: SourceConstant, _ right: SourceConstant, asMain: Bool, _ budget: inout ScanBudget
  ) -> Bool? {
    switch (left, right) {
    case (.number(let left), .number(let right)):
      return holds(order: left < right ? -1 : left > right ? 1 : 0)
    case (.version(let left), .version(let right)):
      return left.order(right).flatMap { holds(order: $0) }
    case (.text(let left), .text(let right)):
      guard budget.spend(left.count &* right.count) else { return nil }
      if case .isIn = self { return right.contains(part: left) }
      if case .isNotIn = self { return !right.contains(part: left) }
      return holds(equal: left == right)
    case (.text(let left), .texts(let right)):
      let isContained = right.contains { $0 == left }
      if case .isIn = self { return isContained }
      if case .isNotIn = self { return !isContained }
      return nil
    case (.moduleName, .text(let text)), (.text(let text), .moduleName):
      guard text == Self.main else { return nil }
      return holds(equal: asMain)
    default:
      return nil
    }
  }

  private static var main: [UInt8] {
    [95, 95, 109, 97, 105, 110, 95, 95]  // __main__
  }

  private func holds(equal: Bool) -> Bool? {
    switch self {
    case .equal: equal
    case .notEqual: !equal
    default: nil
    }
  }

  private func holds(order: Int) -> Bool? {
    switch self {
    case .equal: order == 0
    case .notEqual: order != 0
    case .less: order < 0
    case .lessOrEqual: order <= 0
    case .greater: order > 0
    case .greaterOrEqual: order >= 0
    case .isIn, .isNotIn: nil
    }
  }
}

extension [UInt8] {
  /// Whether `part` stands somewhere in these bytes.
  fileprivate func contains(part: [UInt8]) -> Bool {
    guard part.count <= count else { return false }
    return (0...(count &- part.count)).contains { self[$0...].starts(with: part) }
  }
}
