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
}
