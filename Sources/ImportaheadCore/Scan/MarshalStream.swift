/// Bytes written by `marshal`, read with a check of every access.
///
/// A read past the end yields zero: callers bound their loops by `count`, so that no input can make
/// them run on.
struct MarshalStream: ~Escapable {
  private let bytes: RawSpan

  /// How many bytes there are.
  let count: Int

  /// Reads from `bytes`.
  @_lifetime(copy bytes)
  init(_ bytes: RawSpan) {
    self.bytes = bytes
    count = bytes.byteCount
  }

  /// The byte at `offset`; 0 outside the stream.
  @inline(__always)
  func byte(at offset: Int) -> UInt8 {
    guard offset >= 0, offset < count else { return 0 }
    // SAFETY: the offset was checked on the line above.
    return unsafe bytes.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
  }

  /// The signed little-endian word at `offset`; 0 when it does not fit.
  @inline(__always)
  func word(at offset: Int) -> Int {
    guard offset >= 0, offset <= count &- 4 else { return 0 }
    // SAFETY: the offset was checked on the line above, and any bit pattern is an Int32.
    let word = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: Int32.self)
    return Int(Int32(littleEndian: word))
  }

  /// Whether the `length` bytes at `offset` are `text`.
  func matches(_ text: [UInt8], at offset: Int, length: Int) -> Bool {
    guard length == text.count else { return false }
    for index in text.indices where byte(at: offset &+ index) != text[index] { return false }
    return true
  }

  /// Whether the `length` bytes at `offset` are `text`.
  func matches(_ text: StaticString, at offset: Int, length: Int) -> Bool {
    guard length == text.utf8CodeUnitCount else { return false }
    for index in 0..<length {
      // SAFETY: a StaticString literal lives as long as the program; the index is below its count.
      let expected = unsafe text.utf8Start[index]
      guard byte(at: offset &+ index) == expected else { return false }
    }
    return true
  }

  /// A copy of the `length` bytes at `offset`, cut at the end of the stream.
  func copy(at offset: Int, length: Int) -> [UInt8] {
    guard offset >= 0, offset < count, length > 0 else { return [] }
    let end = min(count, offset &+ min(length, count))
    var copy: [UInt8] = []
    copy.reserveCapacity(end &- offset)
    for index in offset..<end { copy.append(byte(at: index)) }
    return copy
  }
}
