/// A hash table from byte strings to values, in insertion order.
///
/// `Dictionary` would pull a seeded hash and `String` Unicode tables into the extension. Keys are
/// paths and module names, never a stranger's choice in number, so that a fixed hash serves.
struct ByteTable<Value> {
  private struct Slot {
    /// The low half of the key's hash, compared before the key itself.
    var hash: UInt32
    /// Index into `keys`, or -1.
    var index: Int32

    static var empty: Slot { Slot(hash: 0, index: -1) }
  }

  /// Keys in insertion order.
  private(set) var keys: [[UInt8]] = []
  private var values: [Value] = []
  /// The count is a power of two.
  private var slots: [Slot] = Array(repeating: .empty, count: 64)

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
    let found = slots[slot(of: key, ByteHash.of(key))].index
    return found < 0 ? nil : Int(found)
  }

  /// Sets the value of `key`, and returns its place in insertion order.
  @discardableResult
  mutating func set(_ key: [UInt8], _ value: Value) -> Int {
    let hash = ByteHash.of(key)
    let place = slot(of: key, hash)
    if slots[place].index >= 0 {
      let index = Int(slots[place].index)
      values[index] = value
      return index
    }
    slots[place] = Slot(
      hash: UInt32(truncatingIfNeeded: hash), index: Int32(truncatingIfNeeded: keys.count))
    keys.append(key)
    values.append(value)
    if keys.count &* 2 > slots.count { grow() }
    return keys.count &- 1
  }

  private func slot(of key: [UInt8], _ hash: UInt64) -> Int {
    let mask = slots.count &- 1
    let low = UInt32(truncatingIfNeeded: hash)
    var place = Int(low) & mask
    while slots[place].index >= 0 {
      if slots[place].hash == low, keys[Int(slots[place].index)] == key { break }
      place = (place &+ 1) & mask
    }
    return place
  }

  private mutating func grow() {
    let old = slots
    slots = Array(repeating: .empty, count: old.count &* 2)
    let mask = slots.count &- 1
    for slot in old where slot.index >= 0 {
      var place = Int(slot.hash) & mask
      while slots[place].index >= 0 { place = (place &+ 1) & mask }
      slots[place] = slot
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
