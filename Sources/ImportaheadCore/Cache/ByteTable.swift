/// A hash table from byte strings to values, in insertion order.
///
/// `Dictionary` would pull a seeded hash and `String` Unicode tables into the extension. Keys are
/// paths and module names, never a stranger's choice in number, so that a fixed hash serves.
struct ByteTable<Value> {
  /// Keys in insertion order.
  private(set) var keys: [[UInt8]] = []
  private var values: [Value] = []
  /// Indices into `keys`, or -1; the count is a power of two.
  private var slots: [Int32] = Array(repeating: -1, count: 64)

  /// How many keys there are.
  var count: Int { keys.count }

  /// The value of `key`.
  ///
  /// - Complexity: O(1) expected, plus the hash of the key.
  subscript(key: [UInt8]) -> Value? {
    guard let index = index(of: key) else { return nil }
    return values[index]
  }

  /// The value at `index`, in insertion order.
  subscript(at index: Int) -> Value {
    get { values[index] }
    set { values[index] = newValue }
  }

  /// The place of `key` in insertion order.
  func index(of key: [UInt8]) -> Int? {
    let found = slots[slot(of: key)]
    return found < 0 ? nil : Int(found)
  }

  /// Sets the value of `key`, and returns its place in insertion order.
  @discardableResult
  mutating func set(_ key: [UInt8], _ value: Value) -> Int {
    let place = slot(of: key)
    if slots[place] >= 0 {
      let index = Int(slots[place])
      values[index] = value
      return index
    }
    slots[place] = Int32(truncatingIfNeeded: keys.count)
    keys.append(key)
    values.append(value)
    if keys.count &* 4 > slots.count &* 3 { grow() }
    return keys.count &- 1
  }

  private func slot(of key: [UInt8]) -> Int {
    var place = Int(truncatingIfNeeded: ByteHash.of(key)) & (slots.count &- 1)
    while slots[place] >= 0, keys[Int(slots[place])] != key {
      place = (place &+ 1) & (slots.count &- 1)
    }
    return place
  }

  private mutating func grow() {
    slots = Array(repeating: -1, count: slots.count &* 2)
    for (index, key) in keys.enumerated() {
      slots[slot(of: key)] = Int32(truncatingIfNeeded: index)
    }
  }
}

/// The FNV-1a hash of byte strings, 64 bits, that can be fed in pieces.
struct ByteHash {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  /// Mixes one byte in.
  mutating func combine(_ byte: UInt8) {
    value = (value ^ UInt64(byte)) &* 0x100_0000_01b3
  }

  /// Mixes a piece in.
  mutating func combine(_ bytes: [UInt8]) {
    for byte in bytes { combine(byte) }
  }

  /// The hash of one whole byte string, its high bits folded into the low ones.
  static func of(_ bytes: [UInt8]) -> UInt64 {
    var hash = ByteHash()
    hash.combine(bytes)
    return hash.folded
  }

  /// The hash with its high bits folded into the low ones, which choose a slot.
  var folded: UInt64 { value ^ (value >> 32) }
}
