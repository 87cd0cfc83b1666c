/// What a statement was found to end with.
enum StatementEnd {
  /// A line end (or the end of the source).
  case line
  /// A semicolon: more statements follow on the line.
  case semicolon
}

extension TokenCursor {
  /// Moves over the rest of a statement, its semicolon or line end included.
  ///
  /// Sets `sawCall` when it passes something that may be a literal import call. This is where most
  /// of a file goes by, so nothing is looked at but the bytes that delimit.
  mutating func skipStatement(sawCall: inout Bool) -> StatementEnd {
    while true {
      switch skipToDelimiter() {
      case 0:
        depth = 0
        return .line
      case UInt8(ascii: ";"):
        position &+= 1
        if depth == 0 { return .semicolon }
      case UInt8(ascii: "("):
        if mayBeCall { sawCall = true }
        depth &+= 1
        position &+= 1
      case TokenByte.newline, TokenByte.carriageReturn:
        skipNewline()
        if depth == 0 { return .line }
      case let delimiter:
        skipOther(delimiter)
      }
    }
  }

  /// Moves over the rest of a logical line, its end included.
  mutating func skipLogicalLine() {
    while true {
      switch skipToDelimiter() {
      case 0:
        depth = 0
        return
      case UInt8(ascii: ";"):
        position &+= 1
      case UInt8(ascii: "("):
        depth &+= 1
        position &+= 1
      case TokenByte.newline, TokenByte.carriageReturn:
        skipNewline()
        if depth == 0 { return }
      case let delimiter:
        skipOther(delimiter)
      }
    }
  }

  /// Moves to the next byte that delimits, and returns it.
  @inline(__always)
  private mutating func skipToDelimiter() -> UInt8 {
    var place = position
    while TokenByte.isPlain(byte(at: place)) { place &+= 1 }
    position = place
    return byte(at: place)
  }

  /// Moves over a string, a comment, a continuation or a bracket.
  @inline(__always)
  private mutating func skipOther(_ delimiter: UInt8) {
    switch delimiter {
    case UInt8(ascii: "\""), UInt8(ascii: "'"):
      skipString()
    case UInt8(ascii: "#"):
      skipComment()
    case TokenByte.backslash:
      skipContinuation()
    case UInt8(ascii: "["), TokenByte.openBrace:
      depth &+= 1
      position &+= 1
    default:
      depth = max(0, depth &- 1)
      position &+= 1
    }
  }

  /// Whether the bracket here may open the arguments of a call that is looked for.
  private var mayBeCall: Bool {
    var end = position
    while byte(at: end &- 1) == UInt8(ascii: " ") { end &-= 1 }
    if seeksCalls { return TokenByte.isIdentifier(byte(at: end &- 1)) }
    switch byte(at: end &- 1) {
    case UInt8(ascii: "_"): return spells(end &- 10, end, "__import__")
    case UInt8(ascii: "e"): return spells(end &- 13, end, "import_module")
    default: return false
    }
  }
}
