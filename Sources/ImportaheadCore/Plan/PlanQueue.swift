/// Modules that wait to be fetched, the one evaluation needs first in front: a binary heap.
struct PlanQueue {
  private var heap: [PlannedModule] = []

  var isEmpty: Bool { heap.isEmpty }

  /// Adds a module.
  ///
  /// - Complexity: O(log count).
  mutating func push(_ module: PlannedModule, in order: ImportOrder) {
    heap.append(module)
    rise(from: heap.count &- 1, order)
  }

  /// Puts a module forward that waits here and is needed sooner than when it was added.
  ///
  /// - Complexity: O(count).
  mutating func promote(_ module: PlannedModule, in order: ImportOrder) {
    guard let index = heap.firstIndex(where: { $0 === module }) else { return }
    rise(from: index, order)
  }

  private mutating func rise(from index: Int, _ order: ImportOrder) {
    var child = index
    while child > 0 {
      let parent = (child &- 1) / 2
      guard isBefore(heap[child], heap[parent], order) else { return }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  /// Takes the module needed first.
  ///
  /// - Complexity: O(log count).
  mutating func pop(in order: ImportOrder) -> PlannedModule? {
    guard let first = heap.first, let last = heap.popLast() else { return nil }
    if !heap.isEmpty {
      heap[0] = last
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
      heap.swapAt(parent, least)
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
