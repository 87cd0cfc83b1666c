/// Numbers as text.
enum Hexadecimal {
  private static func digit(_ value: UInt64) -> UInt8 {
    let number = UInt8(truncatingIfNeeded: value & 15)
    return number < 10 ? UInt8(ascii: "0") &+ number : UInt8(ascii: "a") &- 10 &+ number
  }

  /// The sixteen digits of `value`.
  static func digits(of value: UInt64) -> [UInt8] {
    (0..<16).map { digit(value >> (60 &- UInt64($0) &* 4)) }
  }

  /// Appends a number that is not negative, without zeros in front.
  static func append(_ number: Int, to text: inout [UInt8]) {
    let value = UInt64(Swift.max(0, number))
    var shift = UInt64(60)
    while shift > 0, value >> shift == 0 { shift &-= 4 }
    while true {
      text.append(digit(value >> shift))
      if shift == 0 { return }
      shift &-= 4
    }
  }

  /// Takes a number that fits off the front of `text`, with the byte that ends it.
  static func take(_ text: inout ArraySlice<UInt8>, until end: UInt8) -> Int? {
    var value = 0
    var count = 0
    while let byte = text.popFirst() {
      if byte == end { return count > 0 ? value : nil }
      let number: UInt8
      switch byte {
      case 0x30...0x39: number = byte &- 0x30
      case 0x61...0x66: number = byte &- 0x61 &+ 10
      default: return nil
      }
      count &+= 1
      guard count <= 16, value >> 59 == 0 else { return nil }
      value = value << 4 | Int(number)
    }
    return nil
  }
}
