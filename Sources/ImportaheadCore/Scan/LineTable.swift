extension BytecodeAnalysis {
  /// The line of each event of `frame`, which stand in the order of the code; 0 where none is kept.
  mutating func lines(of frame: CodeFrame) -> [Int] {
    let code = objects.index.codes[frame.code]
    guard let offset = objects.resolve(Int(code.lines)), let range = objects.text(at: offset),
      budget.spend(range.count)
    else { return [Int](repeating: 0, count: frame.events.count) }
    var cursor = LineCursor(
      line: Int(code.firstLine), position: range.lowerBound, end: range.upperBound)
    return frame.events.map { event in
      cursor.advance(past: Int(event.unit), in: objects.stream, version: table.version)
      return cursor.found
    }
  }
}

/// A place in a table of lines, which is read from the front.
struct LineCursor {
  /// The line that the entries so far add up to.
  var line: Int
  /// Where the next entry stands, and where the table ends.
  var position: Int
  let end: Int
  /// The first byte of code after the entries read so far.
  private var reach = 0
  /// The line of the place that was asked for last.
  private(set) var found = 0

  /// A cursor at the front of a table.
  init(line: Int, position: Int, end: Int) {
    self.line = line
    self.position = position
    self.end = end
    found = line
  }

  /// Moves on until the entry that covers `unit` is read.
  mutating func advance(
    past unit: Int, in stream: borrowing MarshalStream, version: BytecodeVersion
  ) {
    let offset = 2 &* unit
    switch version {
    case .python39: advance39(offset, stream)
    case .python310: advance310(offset, stream)
    default: advance311(offset, stream)
    }
  }

  /// Until 3.9: pairs of a distance in the code and, signed, one in lines, which starts there.
  private mutating func advance39(_ offset: Int, _ stream: borrowing MarshalStream) {
    while position &+ 1 < end {
      let next = reach &+ Int(stream.byte(at: position))
      if next > offset { break }
      reach = next
      line &+= Int(Int8(bitPattern: stream.byte(at: position &+ 1)))
      position &+= 2
    }
    found = line
  }

  /// In 3.10: pairs of a length of code and the distance to its line; -128 says it has none.
  private mutating func advance310(_ offset: Int, _ stream: borrowing MarshalStream) {
    while reach <= offset, position &+ 1 < end {
      let delta = Int(Int8(bitPattern: stream.byte(at: position &+ 1)))
      reach &+= Int(stream.byte(at: position))
      if delta != -128 { line &+= delta }
      found = delta == -128 ? 0 : line
      position &+= 2
    }
  }

  /// Since 3.11: entries of a kind, a length in units, and distances of lines and columns.
  private mutating func advance311(_ offset: Int, _ stream: borrowing MarshalStream) {
    while reach <= offset, position < end {
      let head = stream.byte(at: position)
      position &+= 1
      reach &+= 2 &* (Int(head & 7) &+ 1)
      switch (head >> 3) & 15 {
      case 15: found = 0
      case 14:
        line &+= signedNumber(stream)
        for _ in 0..<3 { _ = number(stream) }
        found = line
      case 13:
        line &+= signedNumber(stream)
        found = line
      case 10, 11, 12:
        line &+= Int((head >> 3) & 15) &- 10
        position &+= 2
        found = line
      default:
        position &+= 1
        found = line
      }
    }
  }

  /// A number in six bits a byte, the lowest first.
  private mutating func number(_ stream: borrowing MarshalStream) -> Int {
    var value = 0
    var shift = 0
    while position < end {
      let byte = stream.byte(at: position)
      position &+= 1
      if shift < 42 { value |= Int(byte & 0x3F) << shift }
      shift &+= 6
      if byte & 0x40 == 0 { break }
    }
    return value
  }

  private mutating func signedNumber(_ stream: borrowing MarshalStream) -> Int {
    let value = number(stream)
    return value & 1 != 0 ? -(value >> 1) : value >> 1
  }
}
