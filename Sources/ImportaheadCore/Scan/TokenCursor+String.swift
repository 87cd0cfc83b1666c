/// What a string's prefix says about how to find its end.
struct StringPrefix {
  var isFormatted = false
  var isRaw = false
}

extension TokenCursor {
  /// The prefix of the string whose opening quote is at `quote`.
  ///
  /// Looks back from the quote: the letters belong to a prefix only if they are the whole identifier.
  func prefix(beforeQuote quote: Int) -> StringPrefix {
    let last = byte(at: quote &- 1) | 0x20
    guard Self.isPrefixLetter(last) else { return StringPrefix() }
    let first = byte(at: quote &- 2)
    guard TokenByte.isIdentifier(first) else { return Self.prefix(last, last) }
    guard Self.isPrefixLetter(first | 0x20), !TokenByte.isIdentifier(byte(at: quote &- 3)) else {
      return StringPrefix()
    }
    return Self.prefix(first | 0x20, last)
  }

  private static func isPrefixLetter(_ letter: UInt8) -> Bool {
    switch letter {
    case UInt8(ascii: "r"), UInt8(ascii: "b"), UInt8(ascii: "u"), UInt8(ascii: "f"),
      UInt8(ascii: "t"):
      return true
    default:
      return false
    }
  }

  private static func prefix(_ first: UInt8, _ second: UInt8) -> StringPrefix {
    let isFormat = { (letter: UInt8) in letter == UInt8(ascii: "f") || letter == UInt8(ascii: "t") }
    let isRaw = first == UInt8(ascii: "r") || second == UInt8(ascii: "r")
    // Of two letters one is always `r`, if formatted: `of"…"` and `bf"…"` are no prefixes.
    let isFormatted = (isFormat(first) || isFormat(second)) && (first == second || isRaw)
    return StringPrefix(isFormatted: isFormatted, isRaw: isRaw)
  }

  /// Whether the bytes from `start` up to a quote are a string prefix.
  func isPrefix(_ start: Int, _ end: Int) -> Bool {
    guard end &- start <= 2, TokenByte.isQuote(byte(at: end)) else { return false }
    for offset in start..<end where !Self.isPrefixLetter(byte(at: offset) | 0x20) { return false }
    return true
  }

  /// Moves over a string; the cursor must be at its opening quote.
  mutating func skipString() {
    let prefix = nestsFormatted ? prefix(beforeQuote: position) : StringPrefix()
    if prefix.isFormatted {
      skipFormatted(isRaw: prefix.isRaw)
    } else {
      skipPlainString()
    }
  }

  /// Moves over the opening quotes; returns the quote and whether there are three.
  mutating func skipOpeningQuotes() -> (quote: UInt8, isTriple: Bool) {
    let quote = byte(at: position)
    let isTriple = byte(at: position &+ 1) == quote && byte(at: position &+ 2) == quote
    position &+= isTriple ? 3 : 1
    return (quote, isTriple)
  }

  /// Moves over a string without replacement fields; a raw string hides its quotes in the same way.
  mutating func skipPlainString() {
    let (quote, isTriple) = skipOpeningQuotes()
    var place = position
    while true {
      let next = byte(at: place)
      switch next {
      case quote:
        guard isTriple else {
          position = place &+ 1
          return
        }
        if byte(at: place &+ 1) == quote, byte(at: place &+ 2) == quote {
          position = place &+ 3
          return
        }
      case TokenByte.backslash:
        place = skipEscape(at: place)
        continue
      case TokenByte.newline:
        guard isTriple else { return stop() }
        line &+= 1
      case TokenByte.carriageReturn:
        guard isTriple else { return stop() }
        if byte(at: place &+ 1) == TokenByte.newline { place &+= 1 }
        line &+= 1
      case 0:
        return stop()
      default:
        break
      }
      place &+= 1
    }
  }

  /// The offset after a backslash and what it escapes; counts the line if that is a line end.
  mutating func skipEscape(at place: Int) -> Int {
    switch byte(at: place &+ 1) {
    case 0:
      return place &+ 1
    case TokenByte.newline:
      line &+= 1
      return place &+ 2
    case TokenByte.carriageReturn:
      line &+= 1
      return place &+ (byte(at: place &+ 2) == TokenByte.newline ? 3 : 2)
    default:
      return place &+ 2
    }
  }
}
