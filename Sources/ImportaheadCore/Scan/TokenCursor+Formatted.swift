/// One open layer of an f-string: its text, a replacement field, or a field's format spec.
struct FormattedLayer {
  enum Kind: UInt8 {
    case text
    case field
    case spec
  }

  var kind: Kind
  var quote: UInt8 = 0
  var isTriple = false
  var isRaw = false
  /// How many brackets are open within a field.
  var brackets = 0
}

/// F-strings as CPython reads them since 3.12 (PEP 701): fields hold any tokens, strings included.
extension TokenCursor {
  /// More layers than CPython accepts brackets.
  private static let layerLimit = 512

  /// Moves over an f-string or t-string; the cursor must be at its opening quote.
  mutating func skipFormatted(isRaw: Bool) {
    openText(isRaw: isRaw)
    while let layer = layers.last {
      guard layers.count < Self.layerLimit else {
        layers.removeAll(keepingCapacity: true)
        return stop()
      }
      switch layer.kind {
      case .text, .spec: skipText(layer)
      case .field: skipField()
      }
    }
  }

  private mutating func openText(isRaw: Bool) {
    let (quote, isTriple) = skipOpeningQuotes()
    layers.append(FormattedLayer(kind: .text, quote: quote, isTriple: isTriple, isRaw: isRaw))
  }

  private mutating func abandon() {
    layers.removeAll(keepingCapacity: true)
    stop()
  }

  /// Moves over text until a field opens or the text ends.
  private mutating func skipText(_ layer: FormattedLayer) {
    while true {
      let next = byte(at: position)
      switch next {
      case 0:
        return abandon()
      case layer.quote where !layer.isTriple || isTriple(layer.quote):
        // A quote inside a format spec leaves the field unclosed: not Python.
        guard layer.kind == .text else { return abandon() }
        position &+= layer.isTriple ? 3 : 1
        layers.removeLast()
        return
      case TokenByte.newline, TokenByte.carriageReturn:
        guard layer.isTriple else {
          guard layer.kind == .spec else { return abandon() }
          layers.removeLast()
          return
        }
        skipNewline()
        continue
      case TokenByte.openBrace:
        position &+= 1
        if layer.kind == .text, byte(at: position) == TokenByte.openBrace { break }
        layers.append(FormattedLayer(kind: .field))
        return
      case TokenByte.closeBrace where layer.kind == .spec:
        layers.removeLast()
        return
      case TokenByte.backslash:
        skipTextEscape(isRaw: layer.isRaw)
        continue
      default:
        break
      }
      position &+= 1
    }
  }

  private func isTriple(_ quote: UInt8) -> Bool {
    byte(at: position &+ 1) == quote && byte(at: position &+ 2) == quote
  }

  /// Moves over a backslash in text: it hides a quote, never a brace, and `\N{…}` is a name.
  private mutating func skipTextEscape(isRaw: Bool) {
    let next = byte(at: position &+ 1)
    if next == TokenByte.openBrace || next == TokenByte.closeBrace {
      position &+= 1
    } else if next == UInt8(ascii: "N"), !isRaw, byte(at: position &+ 2) == TokenByte.openBrace {
      position &+= 3
      while isNameByte(byte(at: position)) { position &+= 1 }
      if byte(at: position) == TokenByte.closeBrace { position &+= 1 }
    } else {
      position = skipEscape(at: position)
    }
  }

  private func isNameByte(_ byte: UInt8) -> Bool {
    TokenByte.isIdentifier(byte) || byte == UInt8(ascii: " ") || byte == UInt8(ascii: "-")
  }

  /// Moves over the expression of a replacement field until a string, its spec or its end.
  private mutating func skipField() {
    guard var layer = layers.popLast() else { return }
    while true {
      let next = byte(at: position)
      switch next {
      case 0:
        return abandon()
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        layers.append(layer)
        return skipNestedString()
      case UInt8(ascii: "#"):
        skipComment()
        continue
      case TokenByte.newline, TokenByte.carriageReturn:
        skipNewline()
        continue
      case UInt8(ascii: "("), UInt8(ascii: "["), TokenByte.openBrace:
        layer.brackets &+= 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"), TokenByte.closeBrace:
        if layer.brackets == 0 {
          position &+= 1
          return
        }
        layer.brackets &-= 1
      case UInt8(ascii: ":") where layer.brackets == 0:
        position &+= 1
        layers.append(layer)
        return openSpec()
      default:
        break
      }
      position &+= 1
    }
  }

  private mutating func skipNestedString() {
    let prefix = prefix(beforeQuote: position)
    if prefix.isFormatted {
      openText(isRaw: prefix.isRaw)
    } else {
      skipPlainString()
      if isAtEnd { abandon() }
    }
  }

  /// Opens the format spec of the innermost field: text that ends at the field's own brace.
  private mutating func openSpec() {
    // A field always lies directly on the text or spec that holds it.
    guard layers.count >= 2 else { return abandon() }
    var spec = layers[layers.count &- 2]
    spec.kind = .spec
    layers.append(spec)
  }
}
