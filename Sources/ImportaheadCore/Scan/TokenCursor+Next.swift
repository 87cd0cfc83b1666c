extension TokenCursor {
  /// Reads the next token, and moves over it.
  ///
  /// Line ends within brackets do not count, as in Python. Numbers are cut at their first letter,
  /// which suffices for the plain integers that conditions are made of.
  mutating func next() -> Token {
    skipBlank()
    let start = position
    let first = byte(at: start)
    switch first {
    case 0:
      depth = 0
      return Token(kind: .end, start: start, end: start)
    case TokenByte.newline, TokenByte.carriageReturn:
      skipNewline()
      return Token(kind: .newline, start: start, end: position)
    case UInt8(ascii: "\""), UInt8(ascii: "'"):
      return nextString(from: start)
    case UInt8(ascii: "0")...UInt8(ascii: "9"):
      while TokenByte.isDigit(byte(at: position)) { position &+= 1 }
      return Token(kind: .number, start: start, end: position)
    case _ where TokenByte.isIdentifier(first):
      position = identifierEnd(from: start)
      if isPrefix(start, position) { return nextString(from: start) }
      return Token(kind: .name, start: start, end: position)
    default:
      return nextPunctuation(first)
    }
  }

  /// Moves over spaces, comments, and line ends that do not end a statement.
  private mutating func skipBlank() {
    while true {
      skipSpaces()
      switch byte(at: position) {
      case UInt8(ascii: "#"):
        skipComment()
      case TokenByte.newline, TokenByte.carriageReturn:
        guard depth > 0 else { return }
        skipNewline()
      default:
        return
      }
    }
  }

  private mutating func nextString(from start: Int) -> Token {
    let isFormatted = prefix(beforeQuote: position).isFormatted
    skipString()
    return Token(kind: isFormatted ? .formatted : .string, start: start, end: position)
  }

  private mutating func nextPunctuation(_ first: UInt8) -> Token {
    let start = position
    position &+= 1
    let kind: TokenKind
    switch first {
    case UInt8(ascii: "("), UInt8(ascii: "["), TokenByte.openBrace:
      depth &+= 1
      kind = .open
    case UInt8(ascii: ")"), UInt8(ascii: "]"), TokenByte.closeBrace:
      depth = max(0, depth &- 1)
      kind = .close
    case UInt8(ascii: ","): kind = .comma
    case UInt8(ascii: "."): kind = .dot
    case UInt8(ascii: ";"): kind = .semicolon
    case UInt8(ascii: ":"): kind = closesOperator() ? .other : .colon
    case UInt8(ascii: "="): kind = closesOperator() ? .other : .assign
    case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "!"), UInt8(ascii: "+"),
      UInt8(ascii: "-"), UInt8(ascii: "*"), UInt8(ascii: "/"), UInt8(ascii: "%"),
      UInt8(ascii: "&"), UInt8(ascii: "|"), UInt8(ascii: "^"), UInt8(ascii: "@"):
      _ = closesOperator()
      kind = .other
    default: kind = .other
    }
    return Token(kind: kind, start: start, end: position)
  }

  /// Takes a following `=` into an operator such as `==` or `:=`.
  ///
  /// `**=`, `//=`, `<<=` and `>>=` fall into two tokens, of which the second ends in `=`.
  private mutating func closesOperator() -> Bool {
    guard byte(at: position) == UInt8(ascii: "=") else { return false }
    position &+= 1
    return true
  }
}
