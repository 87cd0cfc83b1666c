/// Numbers as text.
enum Decimal {
  /// The digits of a number that is not negative.
  static func digits(of number: Int) -> [UInt8] {
    var (digits, rest): ([UInt8], Int) = ([], number)
    repeat {
      digits.append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10))
      rest /= 10
    } while rest > 0
    return digits.reversed()
  }

  /// The number that `digits` write; `nil` where they are no number, or one beyond 2^58.
  static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    guard !digits.isEmpty else { return nil }
    var value = 0
    for digit in digits {
      guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9"), value < 1 << 58 else {
        return nil
      }
      value = value &* 10 &+ Int(digit &- UInt8(ascii: "0"))
    }
    return value
  }
}
