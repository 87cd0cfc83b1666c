/// Modules that wait to be fetched, the one evaluation needs first in front: a binary heap.
struct PlanQueue {
  private var heap: [PlannedModule] = []

  var isEmpty: Bool { heap.isEmpty }

  /// Adds a module.
  ///
  /// - Complexity: O(log count).
  mutating func push(_ module: PlannedModule, in order: ImportOrder) {
    heap.append(module)
    module.queueIndex = heap.count &- 1
    rise(from: heap.count &- 1, order)
  }

  /// Puts a module forward that waits here and is needed sooner than when it was added.
  ///
  /// - Complexity: O(log count), but for a module that is in another queue too.
  mutating func promote(_ module: PlannedModule, in order: ImportOrder) {
    var index: Int? = module.queueIndex
    if module.queueIndex >= heap.count || heap[module.queueIndex] !== module {
      index = heap.firstIndex { $0 === module }
    }
    if let index { rise(from: index, order) }
  }

  private mutating func put(_ module: PlannedModule, at index: Int) {
    heap[index] = module
    module.queueIndex = index
  }

  private mutating func swap(_ first: Int, _ second: Int) {
    let module = heap[first]
    put(heap[second], at: first)
    put(module, at: second)
  }

  private mutating func rise(from index: Int, _ order: ImportOrder) {
    var child = index
    while child > 0 {
      let parent = (child &- 1) / 2
      guard isBefore(heap[child], heap[parent], order) else { return }
      swap(child, parent)
      child = parent
    }
  }

  /// Takes the module needed first.
  ///
  /// - Complexity: O(log count).
  mutating func pop(in order: ImportOrder) -> PlannedModule? {
    guard let first = heap.first, let last = heap.popLast() else { return nil }
    if !heap.isEmpty {
      put(last, at: 0)
      sink(order)
    }
    return first
  }

  private mutating func sink(_ order: ImportOrder) {
    var parent = 0
    while true {
      var least = parent
      for child in [parent &* 2 &+ 1, parent &* 2 &+ 2]
      where child < heap.count && isBefore(heap[child], heap[least], order) {
        least = child
      }
      guard least != parent else { return }
      swap(parent, least)
      parent = least
    }
  }

  private func isBefore(
    _ left: PlannedModule, _ right: PlannedModule, _ order: ImportOrder
  ) -> Bool {
    left.rank != right.rank
      ? left.rank < right.rank : order.isBefore(left.place, right.place)
  }
}
