import Testing

@testable import ImportaheadCore

@Suite("ByteTable")
struct ByteTableTests {
  @Test("an empty table has nothing, and the empty key is a key like any other")
  func emptyKey() {
    var table = ByteTable<Int>()
    #expect(table[[]] == nil)
    #expect(table.count == 0)
    table.set([], 7)
    #expect(table[[]] == 7)
    #expect(table.index(of: []) == 0)
  }

  @Test("setting a key again keeps its place")
  func replacement() {
    var table = ByteTable<Int>()
    let places = [table.set([1], 10), table.set([2], 20), table.set([1], 30)]
    #expect(places == [0, 1, 0])
    #expect(table.keys == [[1], [2]])
    #expect(table[[1]] == 30)
    table[at: 1] = 40
    #expect(table[[2]] == 40)
  }

  @Test("random keys behave as in a dictionary", arguments: 0..<4 as Range<UInt64>)
  func oracle(seed: UInt64) {
    var generator = SplitMix(state: seed)
    var table = ByteTable<Int>()
    var oracle: [[UInt8]: Int] = [:]
    var order: [[UInt8]] = []
    for round in 0..<3000 {
      let length = Int.random(in: 0...3, using: &generator)
      let key = (0..<length).map { _ in UInt8.random(in: 0...15, using: &generator) }
      #expect(table[key] == oracle[key])
      if oracle[key] == nil { order.append(key) }
      oracle[key] = round
      table.set(key, round)
    }
    #expect(table.keys == order)
    #expect(table.count == oracle.count)
    #expect(order.indices.allSatisfy { table.index(of: order[$0]) == $0 })
    #expect(order.allSatisfy { table[$0] == oracle[$0] })
  }

  // Found by search.
  @Test(
    "keys whose hashes share their low half are told apart",
    arguments: [("m77967", "m89167"), ("m69897", "m193354")])
  func collisions(left: String, right: String) {
    let (left, right) = (Array(left.utf8), Array(right.utf8))
    #expect(
      UInt32(truncatingIfNeeded: ByteHash.of(left))
        == UInt32(truncatingIfNeeded: ByteHash.of(right)))
    var table = ByteTable<Bool>()
    table.set(left, true)
    #expect(table[right] == nil)
    table.set(right, false)
    #expect(table[left] == true)
    #expect(table[right] == false)
  }
}

@Suite("ByteHash")
struct ByteHashTests {
  @Test(
    "the published FNV-1a values",
    arguments: [
      ("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8),
    ] as [(String, UInt64)])
  func published(text: String, expected: UInt64) {
    var hash = ByteHash()
    hash.combine(Array(text.utf8))
    #expect(hash.value == expected)
    #expect(hash.folded == expected ^ (expected >> 32))
  }

  @Test("pieces give the hash of the whole")
  func pieces() {
    var hash = ByteHash()
    hash.combine(Array("foo".utf8))
    hash.combine(UInt8(ascii: "b"))
    hash.combine(Array("ar".utf8))
    #expect(hash.folded == ByteHash.of(Array("foobar".utf8)))
  }
}
