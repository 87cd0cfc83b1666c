/// A place in Python source, and the lexical rules for moving it.
///
/// Bytes beyond the end read as NUL, and NUL ends the source as it does for CPython: no call can go
/// out of range. What cannot be read (an unterminated string, a stray backslash) ends the source too.
struct TokenCursor: ~Escapable {
  let bytes: Span<UInt8>
  /// Whether f-strings nest as in CPython 3.12 and later, instead of being plain strings.
  let nestsFormatted: Bool
  /// The offset of the next byte.
  var position = 0
  /// The line of the next byte, counted from 1.
  var line = 1
  /// How many brackets are open.
  var depth = 0
  /// Whether calls by name are looked for, besides the literal import calls.
  var seeksCalls = false
  /// Room for the open f-strings and replacement fields; empty between calls.
  var layers: [FormattedLayer] = []
  /// What may still be done, by whoever reads here: each byte counts whenever it is read.
  var budget: ScanBudget

  /// A cursor at the start of `bytes`.
  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>, nestsFormatted: Bool) {
    self.bytes = bytes
    self.nestsFormatted = nestsFormatted
    budget = ScanBudget(bytes: bytes.count)
    _ = budget.spend(bytes.count)
  }

  /// Whether nothing is left.
  var isAtEnd: Bool { byte(at: position) == 0 }

  /// The byte at an offset, or NUL beyond the ends.
  @inline(__always)
  func byte(at offset: Int) -> UInt8 {
    UInt(bitPattern: offset) < UInt(bitPattern: bytes.count) ? bytes[offset] : 0
  }

  /// Gives up on the rest of the source.
  mutating func stop() { position = bytes.count }

  /// Moves over one line end (LF, CR LF or CR); the cursor must be at one.
  mutating func skipNewline() {
    if byte(at: position) == TokenByte.carriageReturn,
      byte(at: position &+ 1) == TokenByte.newline
    {
      position &+= 1
    }
    position &+= 1
    line &+= 1
  }

  /// Moves to the line end that closes a comment.
  mutating func skipComment() {
    var place = position
    while true {
      let next = byte(at: place)
      if next == TokenByte.newline || next == TokenByte.carriageReturn || next == 0 { break }
      place &+= 1
    }
    position = place
  }

  /// Moves over a backslash and the line end it hides; anything else after it ends the source.
  mutating func skipContinuation() {
    position &+= 1
    let next = byte(at: position)
    guard next == TokenByte.newline || next == TokenByte.carriageReturn else { return stop() }
    skipNewline()
  }

  /// Moves over spaces and continued line ends inside a statement.
  mutating func skipSpaces() {
    while true {
      switch byte(at: position) {
      case UInt8(ascii: " "), UInt8(ascii: "\t"), TokenByte.formFeed: position &+= 1
      case TokenByte.backslash: skipContinuation()
      default: return
      }
    }
  }

  /// Moves to the first statement at or after this place, and returns its column.
  ///
  /// The cursor must be at the start of a line. Blank lines and comments do not count, tabs go to
  /// multiples of eight, a form feed starts over: the rules of CPython's tokenizer.
  mutating func skipIndentation() -> Int {
    var column = 0
    var continued = 0
    while true {
      switch byte(at: position) {
      case UInt8(ascii: " "): column &+= 1
      case UInt8(ascii: "\t"): column = (column & ~7) &+ 8
      case TokenByte.formFeed:
        column = 0
        continued = 0
      case TokenByte.backslash:
        if continued == 0 { continued = column }
        skipContinuation()
        continue
      case UInt8(ascii: "#"):
        skipComment()
        continue
      case TokenByte.newline, TokenByte.carriageReturn:
        skipNewline()
        column = 0
        continued = 0
        continue
      default:
        return continued == 0 ? column : continued
      }
      position &+= 1
    }
  }
}

/// A place to go back to; only between tokens.
struct TokenMark {
  let position: Int
  let line: Int
  let depth: Int
}

extension TokenCursor {
  /// This place.
  var mark: TokenMark { TokenMark(position: position, line: line, depth: depth) }

  /// Goes back to a place; what is read again counts again, and beyond the budget nothing is left.
  mutating func reset(to mark: TokenMark) {
    guard charge(from: mark.position) else { return }
    jump(to: mark)
  }

  /// Goes to a place; what is read twice for that is charged elsewhere.
  mutating func jump(to mark: TokenMark) {
    position = mark.position
    line = mark.line
    depth = mark.depth
  }

  /// Charges what has been read since `start`; `false`, and nothing is left, beyond the budget.
  @discardableResult
  mutating func charge(from start: Int) -> Bool { charge(position &- start) }

  /// Charges steps; `false`, and nothing is left to read, beyond the budget.
  @discardableResult
  mutating func charge(_ steps: Int) -> Bool {
    guard budget.spend(max(0, steps)) else {
      stop()
      return false
    }
    return true
  }
}

extension TokenCursor {
  /// Whether the bytes from `start` to `end` are this literal.
  func spells(_ start: Int, _ end: Int, _ text: StaticString) -> Bool {
    guard end &- start == text.utf8CodeUnitCount else { return false }
    for offset in 0..<text.utf8CodeUnitCount {
      if byte(at: start &+ offset) != text.byte(at: offset) { return false }
    }
    return true
  }

  /// Whether two stretches hold the same bytes.
  func equal(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
    guard left.count == right.count else { return false }
    for offset in 0..<left.count
    where byte(at: left.lowerBound &+ offset) != byte(at: right.lowerBound &+ offset) {
      return false
    }
    return true
  }

  /// Whether a token is this literal.
  func spells(_ token: Token, _ text: StaticString) -> Bool {
    spells(token.start, token.end, text)
  }

  /// The bytes from `start` to `end`, copied; empty beyond the budget.
  mutating func keep(_ start: Int, _ end: Int) -> [UInt8] {
    charge(ScanBudget.perName &+ (end &- start)) ? copy(start, end) : []
  }

  /// The bytes from `start` to `end`, copied.
  func copy(_ start: Int, _ end: Int) -> [UInt8] {
    var copy: [UInt8] = []
    append(start, end, to: &copy)
    return copy
  }

  /// Appends the bytes from `start` to `end`.
  func append(_ start: Int, _ end: Int, to target: inout [UInt8]) {
    guard start < end else { return }
    target.reserveCapacity(target.count &+ (end &- start))
    for offset in start..<end { target.append(byte(at: offset)) }
  }

  /// The end of the identifier that starts at an offset.
  func identifierEnd(from start: Int) -> Int {
    var end = start
    while TokenByte.isIdentifier(byte(at: end)) { end &+= 1 }
    return end
  }

  /// The word from `start` to `end`; longer ones than any keyword are packed as nothing.
  func word(_ start: Int, _ end: Int) -> TokenWord {
    guard end &- start <= 8 else { return TokenWord(packed: 0) }
    var packed: UInt64 = 0
    var place = end
    while place > start {
      place &-= 1
      packed = packed &<< 8 | UInt64(byte(at: place))
    }
    return TokenWord(packed: packed)
  }
}
