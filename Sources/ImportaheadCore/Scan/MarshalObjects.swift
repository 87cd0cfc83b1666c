/// Objects of a skimmed stream, looked at in place.
struct MarshalObjects: ~Escapable {
  /// The bytes the objects stand in.
  let stream: MarshalStream
  /// What the skim found in them.
  let index: MarshalIndex

  /// Looks at the objects that `index` found in `stream`.
  @_lifetime(copy stream)
  init(_ stream: MarshalStream, index: MarshalIndex) {
    self.stream = stream
    self.index = index
  }

  /// The offset of the object that the one at `offset` stands for: itself, unless it is a reference.
  func resolve(_ offset: Int) -> Int? {
    guard type(at: offset) == MarshalType.reference else { return offset }
    let number = stream.word(at: offset &+ 1)
    guard number >= 0, number < index.references.count else { return nil }
    let target = Int(index.references[number])
    return type(at: target) == MarshalType.reference ? nil : target
  }

  /// The type byte at `offset`, without the reference flag.
  func type(at offset: Int) -> UInt8 { stream.byte(at: offset) & ~MarshalType.flag }

  /// Where the bytes of a string or bytes object at `offset` are; `nil` for other objects.
  func text(at offset: Int) -> Range<Int>? {
    let start: Int
    let length: Int
    switch type(at: offset) {
    case MarshalType.shortASCII, MarshalType.internedShortASCII:
      start = offset &+ 2
      length = Int(stream.byte(at: offset &+ 1))
    case MarshalType.bytes, MarshalType.unicode, MarshalType.interned, MarshalType.ascii,
      MarshalType.internedASCII:
      start = offset &+ 5
      length = stream.word(at: offset &+ 1)
    default: return nil
    }
    guard length >= 0, length <= stream.count &- start else { return nil }
    return start..<(start &+ length)
  }

  /// Whether the object at `offset` is a string, not bytes.
  func isString(at offset: Int) -> Bool {
    type(at: offset) != MarshalType.bytes && text(at: offset) != nil
  }

  /// A copy of the string or bytes at `offset`; empty for other objects, and beyond the budget.
  func copyText(at offset: Int, _ budget: inout ScanBudget) -> [UInt8] {
    guard let range = text(at: offset), budget.spend(ScanBudget.perName &+ range.count) else {
      return []
    }
    return stream.copy(at: range.lowerBound, length: range.count)
  }

  /// Whether the object at `offset` is the string `text`.
  func isText(_ text: StaticString, at offset: Int) -> Bool {
    guard let range = self.text(at: offset) else { return false }
    return stream.matches(text, at: range.lowerBound, length: range.count)
  }

  /// The value of a small integer object at `offset`.
  func integer(at offset: Int) -> Int? {
    switch type(at: offset) {
    case MarshalType.integer: return stream.word(at: offset &+ 1)
    case MarshalType.long:
      // Digits of 15 bits; three of them are more than any version number needs.
      let count = stream.word(at: offset &+ 1)
      guard abs(count) <= 3 else { return nil }
      var value = 0
      for digit in 0..<abs(count) {
        let low = Int(stream.byte(at: offset &+ 5 &+ 2 &* digit))
        let high = Int(stream.byte(at: offset &+ 6 &+ 2 &* digit))
        value |= (low | high << 8) << (15 &* digit)
      }
      return count < 0 ? -value : value
    default: return nil
    }
  }

  /// How many items the tuple or frozen set at `offset` has, and where the first is; `nil` for other
  /// objects.
  func extent(at offset: Int) -> (count: Int, first: Int)? {
    let count: Int
    let first: Int
    switch type(at: offset) {
    case MarshalType.smallTuple:
      count = Int(stream.byte(at: offset &+ 1))
      first = offset &+ 2
    case MarshalType.tuple, MarshalType.frozenSet:
      count = stream.word(at: offset &+ 1)
      first = offset &+ 5
    default: return nil
    }
    guard count >= 0, count <= stream.count &- first else { return nil }
    return (count, first)
  }

  /// The offsets of the items of a tuple or frozen set, references resolved; `nil` for other objects,
  /// and beyond the budget: many code objects may share one tuple.
  ///
  /// At most `limit` items are listed.
  func items(at offset: Int, limit: Int = .max, _ budget: inout ScanBudget) -> [Int32]? {
    guard let (count, first) = extent(at: offset), budget.spend(min(count, limit)) else {
      return nil
    }
    var position = first
    var items: [Int32] = []
    items.reserveCapacity(min(count, limit))
    for _ in 0..<min(count, limit) {
      items.append(Int32(truncatingIfNeeded: resolve(position) ?? offset))
      guard let next = skip(position, &budget) else { return nil }
      position = next
    }
    return items
  }

  /// The offset after the object at `offset`; `nil` beyond the budget.
  func skip(_ offset: Int, _ budget: inout ScanBudget) -> Int? {
    var position = offset
    var pending = 1
    while pending > 0 {
      guard position < stream.count else { return nil }
      pending &-= 1
      var items = 0
      switch type(at: position) {
      case MarshalType.code:
        guard let code = index.code(at: position) else { return nil }
        position = Int(index.codes[code].end)
      case MarshalType.smallTuple:
        items = Int(stream.byte(at: position &+ 1))
        position &+= 2
      case MarshalType.tuple, MarshalType.list, MarshalType.set, MarshalType.frozenSet:
        items = stream.word(at: position &+ 1)
        position &+= 5
      case MarshalType.slice:
        items = 3
        position &+= 1
      default:
        guard let length = plainLength(at: position) else { return nil }
        position &+= length
      }
      guard items >= 0, budget.spend(items) else { return nil }
      pending &+= items
    }
    return position
  }

  /// The length of an object that holds no others.
  func plainLength(at offset: Int) -> Int? {
    switch type(at: offset) {
    case MarshalType.none, MarshalType.yes, MarshalType.no, MarshalType.stop, MarshalType.ellipsis:
      return 1
    case MarshalType.reference, MarshalType.integer: return 5
    case MarshalType.float: return 9
    case MarshalType.complex: return 17
    case MarshalType.long: return 5 &+ 2 &* abs(stream.word(at: offset &+ 1))
    case MarshalType.floatText: return 2 &+ Int(stream.byte(at: offset &+ 1))
    case MarshalType.complexText:
      let real = Int(stream.byte(at: offset &+ 1))
      return 3 &+ real &+ Int(stream.byte(at: offset &+ 2 &+ real))
    default:
      guard let range = text(at: offset) else { return nil }
      return range.upperBound &- offset
    }
  }
}
