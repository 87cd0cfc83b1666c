/// One pass over a marshal stream that builds no object.
///
/// Linear in the bytes: every step consumes at least one, and nesting costs a frame on a bounded
/// stack of its own, never recursion.
struct MarshalSkim: ~Escapable {
  private let stream: MarshalStream
  private let version: BytecodeVersion
  private var position: Int
  /// The innermost container, and those around it.
  private var container = Container(remaining: 1, code: -1)
  private var outer: [Container] = []
  /// What was found so far.
  private(set) var index = MarshalIndex()

  /// CPython's own reader gives up at the same depth.
  private static var maximumDepth: Int { 2000 }

  /// A container whose items are being read; the outermost holds the one object there is to read.
  private struct Container {
    /// Items still to come; negative for a dictionary, which has no count and ends at a null.
    var remaining: Int32
    /// The code object being read, or -1.
    var code: Int32
  }

  /// A skim of `stream` from `position`, as `version` wrote it.
  @_lifetime(copy stream)
  init(_ stream: MarshalStream, from position: Int, version: BytecodeVersion) {
    self.stream = stream
    self.version = version
    self.position = position
    index.references.reserveCapacity(min(1 << 16, stream.count / 32))
    index.codes.reserveCapacity(min(1024, stream.count / 512))
  }

  /// Reads one whole object; `false` when the stream is cut or not what `version` writes.
  mutating func run() -> Bool {
    while true {
      while container.remaining == 0 {
        if container.code >= 0 {
          index.codes[Int(container.code)].end = Int32(truncatingIfNeeded: position)
        }
        guard let next = outer.popLast() else { return true }
        container = next
      }
      guard readObject() else { return false }
    }
  }

  /// Reads what stands before the items of the next object, or the whole of one that has none.
  @inline(__always)
  private mutating func readObject() -> Bool {
    container.remaining &-= 1
    if container.code >= 0 {
      guard enterField(of: Int(container.code), left: container.remaining) else { return false }
    }
    guard position < stream.count else { return false }
    let start = position
    let byte = stream.byte(at: start)
    position &+= 1
    if byte & MarshalType.flag != 0 { index.references.append(Int32(truncatingIfNeeded: start)) }
    switch byte & ~MarshalType.flag {
    case MarshalType.shortASCII, MarshalType.internedShortASCII:
      return skip(1 &+ Int(stream.byte(at: position)))
    case MarshalType.reference, MarshalType.integer:
      return skip(4)
    case MarshalType.none, MarshalType.yes, MarshalType.no, MarshalType.stop, MarshalType.ellipsis:
      return true
    case MarshalType.bytes, MarshalType.unicode, MarshalType.interned, MarshalType.ascii,
      MarshalType.internedASCII:
      let length = stream.word(at: position)
      return length >= 0 && skip(4 &+ length)
    case MarshalType.smallTuple:
      let count = Int(stream.byte(at: position))
      return skip(1) && open(count)
    case MarshalType.tuple, MarshalType.list, MarshalType.set, MarshalType.frozenSet:
      let count = stream.word(at: position)
      return skip(4) && open(count)
    case MarshalType.code:
      return openCode(at: start)
    default:
      return readRareObject(byte & ~MarshalType.flag)
    }
  }

  private mutating func readRareObject(_ type: UInt8) -> Bool {
    switch type {
    case MarshalType.float: return skip(8)
    case MarshalType.complex: return skip(16)
    case MarshalType.floatText: return skip(1 &+ Int(stream.byte(at: position)))
    case MarshalType.complexText:
      return skip(1 &+ Int(stream.byte(at: position))) && skip(1 &+ Int(stream.byte(at: position)))
    case MarshalType.long: return skip(4 &+ 2 &* abs(stream.word(at: position)))
    case MarshalType.slice: return version >= .python314 && open(3)
    case MarshalType.dictionary: return push(Container(remaining: -1, code: -1))
    case MarshalType.null:
      guard container.remaining < 0, let next = outer.popLast() else { return false }
      container = next
      return true
    default: return false
    }
  }

  private mutating func skip(_ length: Int) -> Bool {
    guard length >= 0, length <= stream.count &- position else { return false }
    position &+= length
    return true
  }

  private mutating func open(_ count: Int) -> Bool {
    // Every item takes a byte at least, so a larger count cannot be true.
    guard count >= 0, count <= stream.count &- position else { return false }
    return push(Container(remaining: Int32(truncatingIfNeeded: count), code: -1))
  }

  private mutating func push(_ inner: Container) -> Bool {
    guard outer.count < Self.maximumDepth else { return false }
    outer.append(container)
    container = inner
    return true
  }

  /// Starts a code object: the numbers at its front, then its fields as items.
  private mutating func openCode(at start: Int) -> Bool {
    let numbers = version >= .python311 ? 20 : 24
    var code = MarshalCode(start: Int32(truncatingIfNeeded: start))
    guard skip(numbers) else { return false }
    code.flags = Int32(truncatingIfNeeded: stream.word(at: position &- 4))
    index.codes.append(code)
    return push(
      Container(
        remaining: version >= .python311 ? 10 : 9,
        code: Int32(truncatingIfNeeded: index.codes.count &- 1)))
  }

  /// Notes where the next field of a code object starts; `left` counts the fields after it.
  private mutating func enterField(of code: Int, left: Int32) -> Bool {
    let hasExceptions = version >= .python311
    let lines: Int32 = hasExceptions ? 1 : 0
    if left == lines {
      // The first line stands, as a bare number, between the names and the table of lines.
      index.codes[code].firstLine = Int32(truncatingIfNeeded: stream.word(at: position))
      guard skip(4) else { return false }
    }
    let offset = Int32(truncatingIfNeeded: position)
    switch (hasExceptions ? 9 : 8) &- left {
    case 0: index.codes[code].bytecode = offset
    case 1: index.codes[code].constants = offset
    case 2: index.codes[code].names = offset
    // Before 3.11: …, filename, name, lines; since then: filename, name, qualified name, lines.
    case hasExceptions ? 6 : 7: index.codes[code].name = offset
    case 8: index.codes[code].lines = offset
    case 9: index.codes[code].exceptions = offset
    default: break
    }
    return true
  }
}
