extension BytecodeAnalysis {
  /// Goes over the code once, decides the conditions it can, and notes events and jumps.
  ///
  /// With `learning` it also notes what the names are worth; returns whether it went by other values
  /// than they have in the end.
  @discardableResult
  mutating func walk(_ frame: inout CodeFrame, learning: Bool) -> Bool {
    frame.flags.resetAll()
    frame.jumps.resetAll()
    guard !frame.flags.isEmpty else { return false }
    var isRevised = false
    frame.flags[0].insert(.reached)
    // A handler may lead back to a place that only it reaches; each repetition reaches more.
    for _ in 0..<4 where budget.spend(frame.instructions.count) {
      frame.stack.removeAll(keepingCapacity: true)
      frame.events.removeAll(keepingCapacity: true)
      var pass = WalkPass(isLearning: learning)
      for unit in frame.instructions.indices {
        step(unit, &frame, &pass)
      }
      isRevised = isRevised || pass.isRevised
      if !pass.mustRepeat { break }
    }
    return isRevised
  }

  private mutating func step(_ unit: Int, _ frame: inout CodeFrame, _ pass: inout WalkPass) {
    let instruction = frame.instructions[unit]
    let operation = instruction.operation
    if operation == .cache || operation == .extendedArgument {
      if frame.flags[unit].contains(.reached) { go(to: unit &+ 1, from: unit, &frame, &pass) }
      return
    }
    let isLive = frame.flags[unit].contains(.reached)
    if isLive != pass.isLive
      || (frame.flags[unit].contains(.target) && operation != .forIterator)
    {
      frame.stack.removeAll(keepingCapacity: true)
    }
    pass.isLive = isLive
    if isLive, !frame.region.isEmpty, frame.region[unit] >= 0 {
      let handler = frame.regions[Int(frame.region[unit])].handler
      reach(handler, from: unit, &frame, &pass)
      frame.flags[handler].insert(.target)
    }
    let argument = Int(instruction.argument)
    if operation.isFlow {
      stepFlow(unit, operation, argument, &frame, &pass)
    } else {
      stepValue(unit, operation, argument, &frame, &pass)
      if isLive { go(to: unit &+ 1, from: unit, &frame, &pass) }
    }
    // A store decides by what it stores.
    if !operation.continuesBlock, !operation.isStore { pass.startsBlock = true }
    pass.last = operation
  }

  private func go(
    to next: Int, from unit: Int, _ frame: inout CodeFrame, _ pass: inout WalkPass
  ) {
    frame.flags[unit].insert(.falls)
    if next < frame.flags.count { frame.flags[next].insert(.reached) }
  }

  private func reach(
    _ place: Int, from unit: Int, _ frame: inout CodeFrame, _ pass: inout WalkPass
  ) {
    if !frame.flags[place].contains(.reached) {
      frame.flags[place].insert(.reached)
      if place <= unit { pass.mustRepeat = true }
    }
  }

  private func jump(
    to place: Int, from unit: Int, _ frame: inout CodeFrame, _ pass: inout WalkPass
  ) {
    guard place >= 0, place < frame.flags.count else { return }
    frame.jumps[unit] = Int32(truncatingIfNeeded: place)
    frame.flags[place].insert(.target)
    reach(place, from: unit, &frame, &pass)
  }

  /// Evaluates an instruction that decides where to go on.
  private mutating func stepFlow(
    _ unit: Int, _ operation: BytecodeOperation, _ argument: Int, _ frame: inout CodeFrame,
    _ pass: inout WalkPass
  ) {
    var condition: Bool?
    switch operation {
    case .popJumpIfFalse, .popJumpBackwardIfFalse: condition = truth(of: frame.pop()).map { !$0 }
    case .popJumpIfTrue, .popJumpBackwardIfTrue: condition = truth(of: frame.pop())
    case .popJumpIfNone, .popJumpBackwardIfNone: condition = isNone(frame.pop())
    case .popJumpIfNotNone, .popJumpBackwardIfNotNone:
      condition = isNone(frame.pop()).map { !$0 }
    case .jumpIfFalseOrPop: condition = truth(of: frame.pop()).map { !$0 }
    case .jumpIfTrueOrPop: condition = truth(of: frame.pop())
    case .jumpForward, .jumpBackward, .jumpAbsolute: condition = true
    case .forIterator: frame.stack.append(frame.peek(0))
    default: frame.stack.removeAll(keepingCapacity: true)
    }
    guard pass.isLive else { return }
    frame.hasBranches = true
    switch operation {
    case .returnValue: frame.flags[unit].insert(.returns)
    case .raise: break
    case .setupFinally, .setupWith: go(to: unit &+ 1, from: unit, &frame, &pass)
    default:
      if condition != true { go(to: unit &+ 1, from: unit, &frame, &pass) }
      if condition != false {
        jump(to: destination(of: unit, operation, argument, frame), from: unit, &frame, &pass)
      }
    }
  }

  /// The unit that the jump at `unit` leads to.
  private func destination(
    of unit: Int, _ operation: BytecodeOperation, _ argument: Int, _ frame: CodeFrame
  ) -> Int {
    // Distances count from behind the inline cache.
    var base = unit &+ 1
    while base < frame.instructions.count, frame.instructions[base].operation == .cache {
      base &+= 1
    }
    switch operation {
    case .jumpAbsolute, .branchAbsolute: return argument
    case .jumpBackward, .popJumpBackwardIfFalse, .popJumpBackwardIfTrue, .popJumpBackwardIfNone,
      .popJumpBackwardIfNotNone:
      return base &- argument
    case .forIterator, .jumpForward, .branchForward: return base &+ argument
    default: return table.version >= .python311 ? base &+ argument : argument
    }
  }
}

/// What one pass over the code carries from one instruction to the next.
struct WalkPass {
  /// Whether names are being learned.
  let isLearning: Bool
  /// Whether the instruction can be evaluated.
  var isLive = true
  /// Whether another pass would reach more.
  var mustRepeat = false
  /// Whether a name was used and then proved to be worth something else.
  var isRevised = false
  /// Whether something other than an import stands before the next event.
  var startsBlock = true
  /// The instruction before.
  var last = BytecodeOperation.nothing
}

extension BytecodeOperation {
  /// Whether it decides where evaluation goes on.
  var isFlow: Bool {
    switch self {
    case .returnValue, .raise: return true
    default: return isJump
    }
  }

  /// Whether it binds a name.
  var isStore: Bool { self == .storeName || self == .storeGlobal || self == .storeLocal }
}

extension Array where Element == UnitFlags {
  fileprivate mutating func resetAll() {
    for index in indices { self[index] = [] }
  }
}

extension Array where Element == Int32 {
  fileprivate mutating func resetAll() {
    for index in indices { self[index] = -1 }
  }
}
