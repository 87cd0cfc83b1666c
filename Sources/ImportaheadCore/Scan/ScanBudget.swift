/// What one scan may still do, counted in steps.
///
/// A step looks at one byte, instruction, region or object, or copies a byte, and takes a bounded time.
/// Whatever a scan does more often than its file is long is charged here, so that time and memory are
/// linear in the file, whatever its bytes say. A scan that has spent its budget ends with what it has
/// found.
struct ScanBudget {
  /// How many steps there are in all.
  let limit: Int
  /// How many have been taken; one more than there are once a charge was refused.
  private(set) var spent = 0

  /// Steps for each byte: no module among 57 000 of eight versions' libraries and packages takes a third.
  private static let perByte = 16
  /// Steps that the smallest file has.
  private static let least = 1 << 12
  /// Steps that the largest has.
  private static let most = 1 << 26

  /// What is charged for a statement that is found: it takes memory, and is planned.
  static let perStatement = 64
  /// What is charged for a name that is kept, beside its bytes.
  static let perName = 16

  /// The budget for a file of `bytes` bytes.
  init(bytes: Int) {
    limit = min(Self.most, Self.least &+ min(max(bytes, 0), Self.most) &* Self.perByte)
  }

  /// Whether more was asked for than there was.
  var isSpent: Bool { spent > limit }

  /// Takes `steps`; returns whether there were as many.
  ///
  /// A refusal is for good: all that is charged later is refused too.
  @inline(__always)
  mutating func spend(_ steps: Int) -> Bool {
    let steps = max(steps, 0)
    guard steps <= limit &- spent else {
      spent = limit &+ 1
      return false
    }
    spent &+= steps
    return true
  }

  /// Takes what sorting `count` things takes.
  mutating func spend(sorting count: Int) -> Bool {
    spend(count &* (Int.bitWidth &- count.leadingZeroBitCount))
  }
}
