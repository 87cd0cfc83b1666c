/// A lambda whose end has not been seen.
private struct OpenLambda {
  let depth: Int
  var isInBody = false
}

extension SourceScanner {
  /// Moves over an expression and returns the token after it, which is moved over as well.
  ///
  /// Goes to the end of the statement, or to the colon of a header. Records `__import__("x")` and
  /// `import_module("x")` on the way, and what functions import that are called, except in the body
  /// of a lambda.
  mutating func walk(toColon: Bool, records: Bool = true) -> Token {
    var lambdas: [OpenLambda] = []
    var previous = Token(kind: .newline, start: 0, end: 0)
    var owner = previous
    while true {
      let token = cursor.next()
      switch token.kind {
      case .newline, .end:
        return token
      case .semicolon where cursor.depth == 0:
        return token
      case .colon:
        if startsBody(&lambdas) { break }
        if toColon, cursor.depth == 0 { return token }
      case .comma, .close:
        while let last = lambdas.last, last.isInBody, last.depth > closing(token) {
          lambdas.removeLast()
        }
      case .name:
        if cursor.spells(token, "lambda") {
          lambdas.append(OpenLambda(depth: cursor.depth))
        } else if cursor.spells(token, "for"), let last = lambdas.last, last.isInBody,
          last.depth == cursor.depth
        {
          lambdas.removeLast()
        } else if records, lambdas.last?.isInBody != true {
          readCall(of: token, after: previous, of: owner)
        }
      default:
        break
      }
      owner = previous
      previous = token
    }
  }

  /// Whether a colon here is a lambda's own; if not, it ends those beside it.
  private func startsBody(_ lambdas: inout [OpenLambda]) -> Bool {
    while let last = lambdas.indices.last, lambdas[last].depth == cursor.depth {
      if !lambdas[last].isInBody {
        lambdas[last].isInBody = true
        return true
      }
      lambdas.removeLast()
    }
    return false
  }

  /// The depth that lambdas must lie above to have ended: a comma ends those beside it.
  private func closing(_ token: Token) -> Int {
    token.kind == .comma ? cursor.depth &- 1 : cursor.depth
  }

  /// Reads a call of `name`, if it is one that imports; given the two tokens before the name.
  private mutating func readCall(of name: Token, after previous: Token, of owner: Token) {
    if isImportCall(name, after: previous, of: owner) {
      recordCall(isModuleFunction: cursor.spells(name, "import_module"))
    } else if !functions.isEmpty, previous.kind != .dot {
      follow(name)
    }
  }

  /// Whether a name may be the function of an import call, given the two tokens before it.
  private func isImportCall(_ name: Token, after previous: Token, of owner: Token) -> Bool {
    if cursor.spells(name, "__import__") { return previous.kind != .dot }
    guard cursor.spells(name, "import_module") else { return false }
    return previous.kind != .dot || cursor.spells(owner, "importlib")
  }

  /// Records the call whose function has just been passed, if its arguments are literal enough.
  ///
  /// Reads ahead a bounded number of tokens, then goes back: arguments may hold calls themselves.
  private mutating func recordCall(isModuleFunction: Bool) {
    let mark = cursor.mark
    let line = cursor.line
    defer { cursor.reset(to: mark) }
    guard cursor.next().kind == .open else { return }
    let argument = cursor.next()
    guard argument.kind == .string, let name = literal(argument) else { return }
    let dots = name.prefix { $0 == UInt8(ascii: ".") }.count
    let module = Array(name[dots...])
    guard isModuleName(module), dots == 0 || isModuleFunction else { return }
    let depth = cursor.depth
    let isKnown =
      isModuleFunction ? isOwnPackage(dots: dots) : isAbsolute(depth: depth)
    guard isKnown else { return }
    closeBlock()
    record(ImportStatement(kind: .eager, level: dots, module: module, line: line))
  }

  /// Whether the other arguments of `import_module` make a relative name relative to this package.
  private mutating func isOwnPackage(dots: Int) -> Bool {
    let next = cursor.next()
    guard dots > 0 else { return next.kind == .comma || next.kind == .close }
    guard next.kind == .comma else { return false }
    var package = cursor.next()
    if cursor.spells(package, "package") {
      guard cursor.next().kind == .assign else { return false }
      package = cursor.next()
    }
    guard cursor.spells(package, "__package__") || cursor.spells(package, "__name__") else {
      return false
    }
    let last = cursor.next().kind
    return last == .close || last == .comma
  }

  /// Whether the other arguments of `__import__` leave its level at 0.
  private mutating func isAbsolute(depth: Int) -> Bool {
    var commas = 0
    var previous = cursor.next()
    guard previous.kind == .comma || previous.kind == .close else { return false }
    for _ in 0..<48 {
      if cursor.depth < depth { return true }
      if previous.kind == .comma, cursor.depth == depth { commas &+= 1 }
      let token = cursor.next()
      if token.kind == .end || cursor.spells(token, "level") { return false }
      if commas >= 4, token.kind != .close { return cursor.spells(token, "0") }
      previous = token
    }
    return false
  }

  private func isModuleName(_ name: [UInt8]) -> Bool {
    guard let first = name.first, let last = name.last else { return false }
    let dot = UInt8(ascii: ".")
    return first != dot && last != dot && !TokenByte.isDigit(first)
      && name.allSatisfy { TokenByte.isIdentifier($0) || $0 == dot }
  }

  private func literal(_ token: Token) -> [UInt8]? { cursor.literal(token) }
}
