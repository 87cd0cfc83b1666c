extension TokenCursor {
  /// The text of a string token, or `nil` if it is bytes or needs decoding.
  func literal(_ token: Token) -> [UInt8]? {
    guard token.kind == .string else { return nil }
    var start = token.start
    while !TokenByte.isQuote(byte(at: start)) {
      let letter = byte(at: start) | 0x20
      guard letter == UInt8(ascii: "r") || letter == UInt8(ascii: "u") else { return nil }
      start &+= 1
    }
    let quote = byte(at: start)
    let isTriple =
      token.end &- start >= 6 && byte(at: start &+ 1) == quote && byte(at: start &+ 2) == quote
    let width = isTriple ? 3 : 1
    let text = copy(start &+ width, token.end &- width)
    return text.contains(TokenByte.backslash) ? nil : text
  }

  /// The value of a number token, or `nil` if it has too many digits.
  func integer(_ token: Token) -> Int? {
    guard token.kind == .number, token.end &- token.start <= 15 else { return nil }
    var value = 0
    for offset in token.start..<token.end {
      value = value &* 10 &+ Int(byte(at: offset) &- UInt8(ascii: "0"))
    }
    return value
  }
}
