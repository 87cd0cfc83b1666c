/// A run of code units whose exceptions go to one handler.
struct ExceptionRegion {
  /// The first unit, and the one after the last.
  var start: Int
  var end: Int
  /// The unit where the handler starts.
  var handler: Int
  /// Whether the handler is of a `try` statement, not of `with` or of another handler's clean-up.
  var isTry: Bool
  /// The number of the `try` body, 0 for none.
  var attempt = 0
}

extension MarshalObjects {
  /// The regions in the exception table (3.11 and later) at `offset`.
  func exceptionRegions(
    at offset: Int, units: Int, _ budget: inout ScanBudget
  ) -> [ExceptionRegion] {
    guard let range = text(at: offset), budget.spend(range.count) else { return [] }
    var regions: [ExceptionRegion] = []
    var position = range.lowerBound
    func number() -> Int {
      // Six bits a byte, the highest first; bit 6 says that more follow.
      var byte = stream.byte(at: position)
      var value = Int(byte & 0x3F)
      position &+= 1
      while byte & 0x40 != 0, position < range.upperBound {
        byte = stream.byte(at: position)
        position &+= 1
        value = (value &<< 6 | Int(byte & 0x3F)) & 0x3FFF_FFFF
      }
      return value
    }
    while position < range.upperBound {
      let start = number()
      let length = number()
      let handler = number()
      let depth = number()
      guard start < units, handler < units, length > 0 else { continue }
      // The last bit marks the regions of clean-up code, whose handler wants the instruction too.
      regions.append(
        ExceptionRegion(
          start: start, end: min(units, start &+ length), handler: handler, isTry: depth & 1 == 0))
    }
    return regions
  }
}

extension CodeFrame {
  /// Finds the regions in the block instructions of 3.10 and before.
  mutating func addBlockRegions() {
    for unit in instructions.indices {
      let operation = instructions[unit].operation
      guard operation == .setupFinally || operation == .setupWith else { continue }
      let handler = unit &+ 1 &+ Int(instructions[unit].argument)
      guard handler > unit, handler < instructions.count else { continue }
      regions.append(
        ExceptionRegion(
          start: unit &+ 1, end: handler, handler: handler, isTry: operation == .setupFinally))
    }
  }

  /// Notes for each unit the innermost region around it, as far as the budget reaches.
  mutating func placeRegions(_ budget: inout ScanBudget) {
    guard !regions.isEmpty else { return }
    hasBranches = true
    region = [Int32](repeating: -1, count: instructions.count)
    for index in regions.indices {
      guard budget.spend(regions[index].end &- regions[index].start) else { return }
      for unit in regions[index].start..<regions[index].end {
        region[unit] = Int32(truncatingIfNeeded: index)
      }
    }
    for index in regions.indices where regions[index].isTry {
      let second = regions[index].handler &+ 1
      if second < instructions.count, instructions[second].operation == .withExceptStart {
        regions[index].isTry = false
      }
    }
  }

  /// The region of a `try` statement around `unit`, looking through `with` and clean-up regions.
  func tryRegion(around unit: Int) -> Int? {
    guard unit < region.count else { return nil }
    var index = Int(region[unit])
    for _ in 0..<8 {
      guard index >= 0, index < regions.count else { return nil }
      if regions[index].isTry { return index }
      let next = Int(region[regions[index].handler])
      guard next != index else { return nil }
      index = next
    }
    return nil
  }
}
