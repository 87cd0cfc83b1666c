/// A value that a condition around imports is made of, if it is constant for an interpreter.
enum Constant {
  case unknown
  case none
  case truth(Bool)
  case number(Int)
  case text([UInt8])
  /// A tuple, list or set.
  case items([Constant])
  /// The first items, as many as the number says, of `sys.version_info`, which has five.
  case version(Int)
  /// `__name__`.
  case moduleName

  /// Whether the value is true in Python's sense, if that is known.
  var truth: Bool? {
    switch self {
    case .unknown: nil
    case .none: false
    case .truth(let value): value
    case .number(let value): value != 0
    case .text(let value): !value.isEmpty
    case .items(let items): items.allSatisfy { $0.isKnown } ? !items.isEmpty : nil
    case .version(let count): count > 0
    case .moduleName: true
    }
  }

  /// Whether a text starts with this one, or with one of these; `nil` where that is not known.
  func isPrefix(of text: [UInt8]) -> Bool? {
    switch self {
    case .text(let prefix): return text.starts(with: prefix)
    case .items(let items):
      for case let item in items {
        guard case .text(let prefix) = item else { return nil }
        if text.starts(with: prefix) { return true }
      }
      return false
    default: return nil
    }
  }

  private var isKnown: Bool {
    if case .unknown = self { return false }
    return true
  }

  /// The value as a number: that of a truth is 0 or 1.
  fileprivate var number: Int? {
    switch self {
    case .number(let value): value
    case .truth(let value): value ? 1 : 0
    default: nil
    }
  }
}

/// A comparison in a condition; the first six are numbered as COMPARE_OP numbers them.
enum Comparison: UInt8 {
  case less, lessOrEqual, equal, notEqual, greater, greaterOrEqual
  case isIn, isNotIn

  /// Whether `left` stands in this relation to `right`, if that is known, and within the budget.
  func holds(
    _ left: Constant, _ right: Constant, _ facts: InterpreterFacts, asMain: Bool,
    _ budget: inout ScanBudget
  ) -> Bool? {
    switch self {
    case .isIn: return Self.contains(right, left, facts, asMain: asMain, &budget)
    case .isNotIn: return Self.contains(right, left, facts, asMain: asMain, &budget).map { !$0 }
    default: break
    }
    switch (left, right) {
    case (.version(let count), .items(let items)):
      return Self.order(of: facts.version, count, items).flatMap { holds(order: $0) }
    case (.items(let items), .version(let count)):
      return Self.order(of: facts.version, count, items).flatMap { holds(order: 0 &- $0) }
    case (.text(let left), .text(let right)):
      return budget.spend(min(left.count, right.count)) ? holds(equal: left == right) : nil
    case (.moduleName, .text(let text)), (.text(let text), .moduleName):
      guard text != Array("__main__".utf8) else { return holds(equal: asMain) }
      return asMain ? holds(equal: false) : nil
    default:
      guard let left = left.number, let right = right.number else { return nil }
      return holds(order: left < right ? -1 : left > right ? 1 : 0)
    }
  }

  /// Whether `value in container`.
  private static func contains(
    _ container: Constant, _ value: Constant, _ facts: InterpreterFacts, asMain: Bool,
    _ budget: inout ScanBudget
  ) -> Bool? {
    switch (value, container) {
    case (.text(let part), .text(let text)):
      guard budget.spend(part.count &* text.count) else { return nil }
      return text.contains(part: part)
    case (_, .items(let items)):
      var isKnown = true
      for item in items {
        let isEqual = equal.holds(value, item, facts, asMain: asMain, &budget)
        if isEqual == true { return true }
        if isEqual == nil { isKnown = false }
      }
      return isKnown ? false : nil
    default: return nil
    }
  }

  /// How the first `count` items of the version compare with others as Python's tuples do: -1, 0 or 1.
  private static func order(
    of version: (major: Int, minor: Int, micro: Int), _ count: Int, _ items: [Constant]
  ) -> Int? {
    let known = [version.major, version.minor, version.micro]
    for (index, item) in items.enumerated() {
      if index >= count { return -1 }
      // After the micro version comes the release level, which is not kept.
      guard index < known.count, case .number(let other) = item else { return nil }
      if known[index] != other { return known[index] < other ? -1 : 1 }
    }
    return items.count < count ? 1 : 0
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
