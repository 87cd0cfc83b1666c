/// XXH64 with seed 0: what tells a bundle that was cut short or damaged on its way from a whole one.
///
/// Eight bytes at a step and four sums at once: a byte at a time would cost more than reading does. It
/// guards against accidents, not against people; whom a bundle may come from is checked elsewhere.
struct BundleChecksum {
  private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
  private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
  private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
  private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

  /// The checksum of `bytes`.
  static func of(_ bytes: RawSpan) -> UInt64 {
    var offset = 0
    var hash = prime5
    if bytes.byteCount >= 32 {
      hash = lanes(of: bytes, &offset)
    }
    hash = hash &+ UInt64(bytes.byteCount)
    while bytes.byteCount &- offset >= 8 {
      hash = rotated(hash ^ round(0, word(bytes, offset)), by: 27) &* prime1 &+ prime4
      offset &+= 8
    }
    if bytes.byteCount &- offset >= 4 {
      let half = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)
      hash =
        rotated(hash ^ UInt64(UInt32(littleEndian: half)) &* prime1, by: 23) &* prime2 &+ prime3
      offset &+= 4
    }
    while offset < bytes.byteCount {
      let byte = unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
      hash = rotated(hash ^ UInt64(byte) &* prime5, by: 11) &* prime1
      offset &+= 1
    }
    return avalanche(hash)
  }

  /// The checksum of `bytes`.
  static func of(_ bytes: [UInt8]) -> UInt64 {
    // SAFETY: the span ends before the array that lends it.
    unsafe of(bytes.span.bytes)
  }

  /// Takes all whole blocks of 32 bytes.
  private static func lanes(of bytes: RawSpan, _ offset: inout Int) -> UInt64 {
    var (first, second) = (prime1 &+ prime2, prime2)
    var (third, fourth) = (UInt64(0), 0 &- prime1)
    while bytes.byteCount &- offset >= 32 {
      first = round(first, word(bytes, offset))
      second = round(second, word(bytes, offset &+ 8))
      third = round(third, word(bytes, offset &+ 16))
      fourth = round(fourth, word(bytes, offset &+ 24))
      offset &+= 32
    }
    var hash = rotated(first, by: 1) &+ rotated(second, by: 7)
    hash = hash &+ rotated(third, by: 12) &+ rotated(fourth, by: 18)
    for lane in [first, second, third, fourth] {
      hash = (hash ^ round(0, lane)) &* prime1 &+ prime4
    }
    return hash
  }

  private static func round(_ sum: UInt64, _ word: UInt64) -> UInt64 {
    rotated(sum &+ word &* prime2, by: 31) &* prime1
  }

  private static func avalanche(_ value: UInt64) -> UInt64 {
    var hash = value
    hash = (hash ^ hash >> 33) &* prime2
    hash = (hash ^ hash >> 29) &* prime3
    return hash ^ hash >> 32
  }

  private static func rotated(_ value: UInt64, by count: UInt64) -> UInt64 {
    value << count | value >> (64 &- count)
  }

  private static func word(_ bytes: RawSpan, _ offset: Int) -> UInt64 {
    let word = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
    return UInt64(littleEndian: word)
  }
}
