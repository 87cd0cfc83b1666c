/// Evaluates the condition of an `if`, `elif` or `while`, as far as it is constant.
///
/// Reads ahead of the scanner on a cursor of its own. What it does not understand is unknown, and
/// `and`, `or` and `not` carry on from there as Python does: `False and f()` is false.
@safe
struct SourceCondition: ~Escapable {
  var cursor: TokenCursor
  /// The token that is next.
  var token: Token
  let facts: InterpreterFacts
  private let asMain: Bool
  /// Whether something was met that binds looser than `or`.
  private var isOpaque = false
  /// How many brackets the evaluator is in.
  private var nesting = 0

  private static let nestingLimit = 24

  /// An evaluator for the expression at `cursor`.
  @_lifetime(copy cursor)
  init(_ cursor: TokenCursor, facts: InterpreterFacts, asMain: Bool) {
    self.cursor = cursor
    self.facts = facts
    self.asMain = asMain
    token = Token(kind: .end, start: 0, end: 0)
  }

  /// The truth of the condition up to the colon, or `nil` where it is not known.
  mutating func evaluate() -> Bool? {
    advance()
    let value = disjunction()
    guard !isOpaque, token.kind == .colon else { return nil }
    return value.truth
  }

  /// Reads the next token.
  mutating func advance() { token = cursor.next() }

  /// Whether the next token is this word or sign.
  func sees(_ text: StaticString) -> Bool { cursor.spells(token, text) }

  private mutating func disjunction() -> Constant {
    var value = conjunction()
    while sees("or") {
      advance()
      let right = conjunction()
      value = either(value, right, deciding: true)
    }
    return value
  }

  private mutating func conjunction() -> Constant {
    var value = inversion()
    while sees("and") {
      advance()
      let right = inversion()
      value = either(value, right, deciding: false)
    }
    return value
  }

  /// The truth of two operands of which one that is `deciding` settles the matter.
  private func either(
    _ left: Constant, _ right: Constant, deciding: Bool
  ) -> Constant {
    if left.truth == deciding || right.truth == deciding { return .truth(deciding) }
    guard left.truth != nil, right.truth != nil else { return .unknown }
    return .truth(!deciding)
  }

  private mutating func inversion() -> Constant {
    var isInverted = false
    while sees("not") {
      isInverted.toggle()
      advance()
      if sees("in") { break }
    }
    let value = comparison()
    guard isInverted else { return value }
    guard let truth = value.truth else { return .unknown }
    return .truth(!truth)
  }

  private mutating func comparison() -> Constant {
    let left = operand()
    var value = left
    if let comparison = comparisonSign() {
      let right = operand()
      value = .unknown
      if let holds = comparison.holds(left, right, facts, asMain: asMain, &cursor.budget) {
        value = .truth(holds)
      }
    }
    return endsOperand ? value : skipOperand()
  }

  private mutating func comparisonSign() -> Comparison? {
    let comparison: Comparison
    if sees("==") {
      comparison = .equal
    } else if sees("!=") {
      comparison = .notEqual
    } else if sees("<") {
      comparison = .less
    } else if sees("<=") {
      comparison = .lessOrEqual
    } else if sees(">") {
      comparison = .greater
    } else if sees(">=") {
      comparison = .greaterOrEqual
    } else if sees("in") {
      comparison = .isIn
    } else if sees("not") {
      advance()
      guard sees("in") else { return nil }
      comparison = .isNotIn
    } else {
      return nil
    }
    advance()
    return comparison
  }

  /// Whether the next token ends an operand of `and` and `or`, and is not within brackets of its own.
  private var endsOperand: Bool {
    switch token.kind {
    case .newline, .semicolon, .end: return true
    case .close: return cursor.depth < nesting
    case .colon, .comma: return cursor.depth == nesting
    default: return cursor.depth == nesting && (sees("and") || sees("or"))
    }
  }

  /// Moves over the rest of an operand that is not understood.
  private mutating func skipOperand() -> Constant {
    while !endsOperand {
      // A conditional expression, a lambda or `:=` takes the operators around it in.
      if cursor.depth == nesting, sees("if") || sees("lambda") || sees(":=") || sees("for") {
        isOpaque = true
      }
      advance()
    }
    return .unknown
  }

  /// Reads an operand; a parenthesis may hold a condition of its own, or a tuple.
  private mutating func operand() -> Constant {
    switch token.kind {
    case .name: return name()
    case .number:
      let value = cursor.integer(token)
      advance()
      return value.map { .number($0) } ?? .unknown
    case .string:
      let text = cursor.literal(token)
      advance()
      // Neighbouring strings are one.
      guard let text, token.kind != .string, token.kind != .formatted else { return .unknown }
      return .text(text)
    case .open: return enclosed()
    default: return .unknown
    }
  }

  /// Reads what brackets enclose: a condition, a tuple, a list or a set.
  mutating func enclosed() -> Constant {
    guard nesting < Self.nestingLimit else { return .unknown }
    let isParenthesis = sees("(")
    nesting &+= 1
    defer { nesting &-= 1 }
    advance()
    var items: [Constant] = []
    var commas = 0
    while token.kind != .close {
      items.append(disjunction())
      guard token.kind == .comma else { break }
      commas &+= 1
      advance()
    }
    guard token.kind == .close else { return .unknown }
    advance()
    if isParenthesis, commas == 0, let only = items.first { return only }
    return .items(items)
  }
}
