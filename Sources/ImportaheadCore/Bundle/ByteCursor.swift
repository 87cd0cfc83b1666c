/// Takes numbers and byte strings off the front of foreign bytes; what is not there is `nil`.
struct ByteCursor {
  private let bytes: [UInt8]
  /// The index of the byte that is taken next.
  private(set) var place: Int
  /// The index past the last byte that may be taken.
  private let end: Int

  /// Starts at `start`; `nil` unless the range lies within `bytes`.
  init?(_ bytes: [UInt8], from start: Int, to end: Int) {
    guard start >= 0, start <= end, end <= bytes.count else { return nil }
    self.bytes = bytes
    place = start
    self.end = end
  }

  /// Whether nothing is left.
  var isAtEnd: Bool { place == end }

  /// Takes a little-endian number of `size` bytes, at most eight.
  mutating func number(_ size: Int) -> UInt64? {
    guard size >= 0, size <= 8, end &- place >= size else { return nil }
    var value: UInt64 = 0
    for offset in 0..<size { value |= UInt64(bytes[place &+ offset]) << UInt64(offset &* 8) }
    place &+= size
    return value
  }

  /// Takes `count` bytes.
  mutating func take(_ count: Int) -> [UInt8]? {
    guard count >= 0, end &- place >= count else { return nil }
    defer { place &+= count }
    return Array(bytes[place..<(place &+ count)])
  }

  /// Takes bytes up to a NUL, which is taken too.
  mutating func text() -> [UInt8]? {
    guard let stop = bytes[place..<end].firstIndex(of: 0) else { return nil }
    defer { place = stop &+ 1 }
    return Array(bytes[place..<stop])
  }
}

extension [UInt8] {
  /// Appends the lowest `size` bytes of `value`, the lowest first.
  mutating func append(_ value: UInt64, size: Int) {
    for offset in 0..<size { append(UInt8(truncatingIfNeeded: value >> UInt64(offset &* 8))) }
  }
}
