import Testing

@testable import ImportaheadCore

@Suite("PlanQueue")
struct PlanQueueTests {
  private func module(_ number: Int, _ place: OrderPlace, rank: Int = 0) -> PlannedModule {
    PlannedModule(
      name: Array("m\(number)".utf8), parent: nil, place: place, rank: rank, isKnown: false)
  }

  private func names(_ queue: inout PlanQueue, _ order: ImportOrder) -> [String] {
    var names: [String] = []
    while let module = queue.pop(in: order) {
      names.append(String(decoding: module.name, as: UTF8.self))
    }
    return names
  }

  @Test("an empty queue has nothing to take")
  func empty() {
    var queue = PlanQueue()
    #expect(queue.isEmpty)
    let order = ImportOrder()
    queue.promote(module(0, order.start), in: order)
    #expect(queue.pop(in: order) == nil)
  }

  @Test("modules come by rank, then in order of evaluation", arguments: 0..<4 as Range<UInt64>)
  func sorted(seed: UInt64) {
    var generator = SplitMix(state: seed)
    var order = ImportOrder()
    var place = order.start
    var modules: [PlannedModule] = []
    for number in 0..<100 {
      place = order.insert(after: place)
      modules.append(module(number, place, rank: Int.random(in: 0...3, using: &generator)))
    }
    var queue = PlanQueue()
    for module in modules.shuffled(using: &generator) { queue.push(module, in: order) }
    let expected = (0...3).flatMap { rank in modules.filter { $0.rank == rank } }
    #expect(names(&queue, order) == expected.map { String(decoding: $0.name, as: UTF8.self) })
    #expect(queue.isEmpty)
  }

  @Test("a module that is needed sooner after all comes sooner", arguments: 1..<12)
  func promoted(number: Int) {
    var order = ImportOrder()
    var place = order.start
    var queue = PlanQueue()
    var modules: [PlannedModule] = []
    for number in 0..<12 {
      place = order.insert(after: place)
      modules.append(module(number, place))
      queue.push(modules[number], in: order)
    }
    order.move(modules[number].place, after: order.start)
    queue.promote(modules[number], in: order)
    #expect(queue.pop(in: order) === modules[number])
    #expect(
      names(&queue, order) == (0..<12).filter { $0 != number }.map { "m\($0)" })
  }
}
