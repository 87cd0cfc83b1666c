/// What a token of Python source is, as far as finding imports needs to know.
enum TokenKind: UInt8 {
  case name
  case number
  case string
  /// A string with replacement fields (prefix `f` or `t`).
  case formatted
  case open
  case close
  case colon
  case comma
  case dot
  /// A single `=`.
  case assign
  case semicolon
  case other
  /// The end of a logical line.
  case newline
  /// The end of the source, or of what can be read of it.
  case end
}

/// A piece of Python source: where it lies and what it is.
struct Token {
  let kind: TokenKind
  let start: Int
  let end: Int

  /// Whether the statement cannot go on after this token.
  var endsStatement: Bool { kind == .newline || kind == .semicolon || kind == .end }
}

/// The words that decide how a statement is read.
///
/// A word of up to eight ASCII bytes is one integer, so that telling keywords apart is one `switch`.
struct TokenWord: Equatable {
  let packed: UInt64

  /// Packs a literal of at most eight bytes.
  @inline(__always)
  init(_ text: StaticString) {
    var packed: UInt64 = 0
    for offset in 0..<min(text.utf8CodeUnitCount, 8) {
      packed |= UInt64(text.byte(at: offset)) &<< UInt64(offset &* 8)
    }
    self.packed = packed
  }

  /// Wraps bytes that are packed already.
  init(packed: UInt64) { self.packed = packed }
}

/// The sets of bytes the scanner tells apart.
enum TokenByte {
  static let newline = UInt8(ascii: "\n")
  static let carriageReturn = UInt8(ascii: "\r")
  static let backslash = UInt8(ascii: "\\")
  static let formFeed: UInt8 = 12
  static let openBrace = UInt8(ascii: "{")
  static let closeBrace = UInt8(ascii: "}")

  /// Whether a byte means nothing between the tokens that delimit statements.
  ///
  /// The bytes that do mean something are NUL, newlines, quotes, `#`, `\`, `;` and brackets.
  @inline(__always)
  static func isPlain(_ byte: UInt8) -> Bool {
    let low: UInt64 =
      1 | 1 &<< 10 | 1 &<< 13 | 1 &<< 34 | 1 &<< 35 | 1 &<< 39 | 1 &<< 40 | 1 &<< 41 | 1 &<< 59
    let high: UInt64 = 1 &<< 27 | 1 &<< 28 | 1 &<< 29 | 1 &<< 59 | 1 &<< 61
    let set = byte < 64 ? low : high
    return byte >= 128 || (set &>> UInt64(byte & 63)) & 1 == 0
  }

  /// Whether a byte can be part of an identifier; every byte of a non-ASCII character can.
  @inline(__always)
  static func isIdentifier(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 128...255:
      return true
    default:
      return false
    }
  }

  /// Whether a byte is an ASCII digit.
  @inline(__always)
  static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  /// Whether a byte opens or closes a string.
  @inline(__always)
  static func isQuote(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'")
  }
}

extension StaticString {
  /// The byte at an offset, or NUL beyond the end.
  @inline(__always)
  func byte(at offset: Int) -> UInt8 {
    guard offset >= 0, offset < utf8CodeUnitCount else { return 0 }
    // SAFETY: the offset is within the literal.
    return unsafe utf8Start[offset]
  }
}
