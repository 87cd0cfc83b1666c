/// How the bytes of a source file relate to ASCII, by its byte order mark and its PEP 263 cookie.
enum SourceEncoding {
  /// Every byte below 128 is the ASCII character it looks like.
  case asciiCompatible
  /// A byte above 127 may take the next one with it, which then is not what it looks like.
  case doubleByte
  /// The bytes cannot be read as ASCII at all.
  case foreign

  /// The encoding that a file declares; UTF-8 if it declares none.
  init(of source: Span<UInt8>) {
    var start = Self.markSize(of: source)
    for _ in 0..<2 {
      let (end, next) = Self.line(of: source, from: start)
      guard let comment = Self.comment(of: source, from: start, to: end) else { break }
      if let name = Self.cookie(in: source, from: comment, to: end) {
        self = Self.encoding(named: name)
        return
      }
      start = next
    }
    self = .asciiCompatible
  }

  /// The size of the UTF-8 byte order mark, if there is one.
  static func markSize(of source: Span<UInt8>) -> Int {
    let hasMark = source.count >= 3 && source[0] == 0xEF && source[1] == 0xBB && source[2] == 0xBF
    return hasMark ? 3 : 0
  }

  /// The source with every double-byte character replaced by two bytes that mean nothing.
  static func maskDoubleBytes(of source: Span<UInt8>) -> [UInt8] {
    var masked: [UInt8] = []
    masked.reserveCapacity(source.count)
    var isTrail = false
    for index in source.indices {
      let byte = source[index]
      let isLineEnd = byte == TokenByte.newline || byte == TokenByte.carriageReturn
      masked.append(isTrail && !isLineEnd ? 0x80 : byte)
      isTrail = !isTrail && byte >= 0x80
    }
    return masked
  }

  /// The end of the line from `start`, and the start of the next.
  private static func line(of source: Span<UInt8>, from start: Int) -> (end: Int, next: Int) {
    var end = start
    while end < source.count, source[end] != TokenByte.newline,
      source[end] != TokenByte.carriageReturn
    {
      end &+= 1
    }
    let isPair =
      end &+ 1 < source.count && source[end] == TokenByte.carriageReturn
      && source[end &+ 1] == TokenByte.newline
    return (end, min(source.count, end &+ (isPair ? 2 : 1)))
  }

  /// Where the comment of a line begins: at its end if the line is blank, `nil` if it holds code.
  private static func comment(of source: Span<UInt8>, from start: Int, to end: Int) -> Int? {
    var place = start
    while place < end {
      switch source[place] {
      case UInt8(ascii: " "), UInt8(ascii: "\t"), TokenByte.formFeed: place &+= 1
      case UInt8(ascii: "#"): return place
      default: return nil
      }
    }
    return end
  }

  /// The name after `coding:` or `coding=`, in lower case with hyphens.
  private static func cookie(in source: Span<UInt8>, from start: Int, to end: Int) -> [UInt8]? {
    let word: InlineArray<6, UInt8> = [99, 111, 100, 105, 110, 103]  // coding
    var place = start
    search: while place &+ 6 < end {
      defer { place &+= 1 }
      for offset in word.indices where source[place &+ offset] != word[offset] { continue search }
      let sign = source[place &+ 6]
      guard sign == UInt8(ascii: ":") || sign == UInt8(ascii: "=") else { continue }
      let name = encodingName(in: source, from: place &+ 7, to: end)
      if !name.isEmpty { return name }
    }
    return nil
  }

  private static func encodingName(
    in source: Span<UInt8>, from start: Int, to end: Int
  ) -> [UInt8] {
    var place = start
    while place < end, source[place] == UInt8(ascii: " ") || source[place] == UInt8(ascii: "\t") {
      place &+= 1
    }
    var name: [UInt8] = []
    while place < end, name.count < 32 {
      let byte = source[place]
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): name.append(byte | 0x20)
      case UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"): name.append(UInt8(ascii: "-"))
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
        name.append(byte)
      default: return name
      }
      place &+= 1
    }
    return name
  }

  /// Encodings told by how their names begin; a name that is not known is taken for a superset of
  /// ASCII, as nearly all are.
  private static func encoding(named name: [UInt8]) -> SourceEncoding {
    if begins(name, "shift") || begins(name, "sjis") || begins(name, "s-jis")
      || begins(name, "cp932") || begins(name, "ms932") || begins(name, "mskanji")
      || begins(name, "gbk") || begins(name, "cp936") || begins(name, "ms936")
      || begins(name, "gb18030") || begins(name, "big5") || begins(name, "cp95")
      || begins(name, "cp949") || begins(name, "ms949") || begins(name, "uhc")
      || begins(name, "johab") || begins(name, "cp1361") || begins(name, "csshiftjis")
    {
      return .doubleByte
    }
    if begins(name, "utf-16") || begins(name, "utf16") || begins(name, "utf-32")
      || begins(name, "utf32") || begins(name, "utf-7") || begins(name, "utf7")
      || begins(name, "u16") || begins(name, "u32") || begins(name, "u7")
      || begins(name, "unicode") || begins(name, "raw-unicode") || begins(name, "iso-2022")
      || begins(name, "iso2022") || begins(name, "hz") || begins(name, "cp037")
      || begins(name, "cp273") || begins(name, "cp424") || begins(name, "cp500")
      || begins(name, "cp875") || begins(name, "cp1026") || begins(name, "cp1140")
      || begins(name, "ibm") || begins(name, "ebcdic") || begins(name, "rot")
      || begins(name, "punycode") || begins(name, "idna")
    {
      return .foreign
    }
    return .asciiCompatible
  }

  private static func begins(_ name: [UInt8], _ text: StaticString) -> Bool {
    guard name.count >= text.utf8CodeUnitCount else { return false }
    for offset in 0..<text.utf8CodeUnitCount {
      if name[offset] != text.byte(at: offset) { return false }
    }
    return true
  }
}
