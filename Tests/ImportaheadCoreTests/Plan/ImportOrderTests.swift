import Testing

@testable import ImportaheadCore

@Suite("ImportOrder")
struct ImportOrderTests {
  @Test("random insertions and moves keep the order of a list", arguments: 0..<4 as Range<UInt64>)
  func oracle(seed: UInt64) {
    var generator = SplitMix(state: seed)
    var order = ImportOrder()
    var list = [order.start]
    for round in 0..<600 {
      let after = Int.random(in: 0..<list.count, using: &generator)
      if round % 3 == 2, list.count > 2 {
        let other = list[after]
        let moved = list[Int.random(in: 1..<list.count, using: &generator)]
        order.move(moved, after: other)
        if moved != other {
          list.removeAll { $0 == moved }
          list.insert(moved, at: (list.firstIndex(of: other) ?? 0) + 1)
        }
      } else {
        list.insert(order.insert(after: list[after]), at: after + 1)
      }
    }
    expect(order, has: list)
  }

  @Test("insertions at one spot spread the labels anew and lose nothing")
  func exhaustion() {
    var order = ImportOrder()
    let last = order.insert(after: order.start)
    var list = [last]
    for _ in 0..<500 { list.insert(order.insert(after: order.start), at: 0) }
    expect(order, has: [order.start] + list)
  }

  @Test("a chain of insertions, each after the one before")
  func chain() {
    var order = ImportOrder()
    let last = order.insert(after: order.start)
    var list = [order.start]
    for _ in 0..<500 { list.append(order.insert(after: list[list.count - 1])) }
    expect(order, has: list + [last])
  }

  @Test("moving the start, or a place behind itself, changes nothing")
  func pointlessMoves() {
    var order = ImportOrder()
    let first = order.insert(after: order.start)
    let second = order.insert(after: first)
    order.move(order.start, after: second)
    order.move(first, after: first)
    order.move(second, after: first)
    expect(order, has: [order.start, first, second])
  }

  private func expect(_ order: ImportOrder, has list: [OrderPlace]) {
    for index in list.indices.dropFirst() {
      #expect(order.isBefore(list[index - 1], list[index]))
      #expect(!order.isBefore(list[index], list[index - 1]))
    }
    #expect(list.allSatisfy { !order.isBefore($0, $0) })
  }
}
