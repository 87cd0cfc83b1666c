extension BytecodeAnalysis {
  /// Evaluates an instruction that goes on to the next, on symbols.
  mutating func stepValue(
    _ unit: Int, _ operation: BytecodeOperation, _ argument: Int, _ frame: inout CodeFrame,
    _ pass: inout WalkPass
  ) {
    switch operation {
    case .nothing, .intrinsic: break
    case .loadConstant, .loadSmallInteger, .loadUnknown, .pushNull, .loadBuildClass, .loadName,
      .loadGlobal, .loadLocal:
      load(operation, argument, &frame)
    case .loadAttribute, .loadMethod: loadAttribute(operation, argument, &frame)
    case .storeName, .storeGlobal, .storeLocal: store(operation, argument, &frame, &pass)
    case .popTop: frame.drop(1)
    case .copy: frame.stack.append(frame.peek(argument &- 1))
    case .duplicate: frame.stack.append(frame.peek(0))
    case .swap, .rotateTwo: swapTop(operation == .swap ? argument : 2, &frame)
    case .importName: importName(unit, argument, &frame, &pass)
    case .importFrom: importFrom(argument, &frame)
    case .importStar: frame.drop(1)
    case .makeFunction: makeFunction(unit, argument, &frame, &pass)
    case .setFunctionAttribute:
      let function = frame.pop()
      frame.drop(1)
      frame.stack.append(function)
    case .call, .callFunction, .callMethod, .callKeywords:
      call(unit, operation, argument, &frame, &pass)
    case .getIterator:
      if case .object(let tuple) = frame.pop(), objects.extent(at: Int(tuple)) != nil {
        frame.stack.append(.each(tuple))
      } else {
        frame.stack.append(.unknown)
      }
    default: combine(operation, argument, &frame)
    }
  }

  /// Evaluates an instruction that makes one value of others.
  private mutating func combine(
    _ operation: BytecodeOperation, _ argument: Int, _ frame: inout CodeFrame
  ) {
    switch operation {
    case .compare:
      let right = frame.pop()
      let shift: Int
      switch table.version {
      case .python39, .python310, .python311: shift = 0
      case .python312: shift = 4
      case .python313, .python314: shift = 5
      }
      frame.stack.append(symbol(compare(frame.pop(), argument >> shift, right)))
    case .testContains:
      let container = frame.pop()
      let comparison = argument & 1 != 0 ? Comparison.isNotIn : .isIn
      frame.stack.append(symbol(compare(frame.pop(), comparison, container)))
    case .testIdentity:
      let right = frame.pop()
      let left = frame.pop()
      let same = left == .none || right == .none ? isNone(left == .none ? right : left) : nil
      frame.stack.append(symbol(same.map { $0 != (argument & 1 != 0) }))
    case .not: frame.stack.append(symbol(truth(of: frame.pop()).map { !$0 }))
    case .subscript_: subscript_(&frame)
    case .binary where argument == 26 && table.version == .python314: subscript_(&frame)
    case .binary:
      frame.drop(2)
      frame.stack.append(.unknown)
    case .sliceSubscript:
      let (end, start, container) = (frame.pop(), frame.pop(), frame.pop())
      frame.stack.append(container.item(slice(start, end), facts))
    case .buildSlice:
      if argument == 3 { frame.drop(1) }
      let (end, start) = (frame.pop(), frame.pop())
      frame.stack.append(argument == 3 ? .unknown : slice(start, end))
    case .buildTuple:
      frame.drop(argument)
      frame.stack.append(.unknown)
    default: frame.stack.removeAll(keepingCapacity: true)
    }
  }

  private func symbol(_ value: Bool?) -> Symbol { value.map { .boolean($0) } ?? .unknown }

  private func subscript_(_ frame: inout CodeFrame) {
    let key = frame.pop()
    let container = frame.pop()
    frame.stack.append(container.item(key, facts))
  }

  private func swapTop(_ depth: Int, _ frame: inout CodeFrame) {
    let place = frame.stack.count &- depth
    guard depth > 1, place >= 0, place < frame.stack.count else {
      frame.stack.removeAll(keepingCapacity: true)
      return
    }
    frame.stack.swapAt(place, frame.stack.count &- 1)
  }

  private mutating func load(
    _ operation: BytecodeOperation, _ argument: Int, _ frame: inout CodeFrame
  ) {
    switch operation {
    case .loadConstant:
      let isKnown = argument >= 0 && argument < frame.constants.count
      frame.stack.append(isKnown ? constant(at: frame.constants[argument]) : .unknown)
    case .loadSmallInteger: frame.stack.append(.integer(argument))
    case .pushNull: frame.stack.append(.null)
    case .loadBuildClass: frame.stack.append(.buildClass)
    case .loadName: frame.stack.append(value(of: argument, isGlobal: false, &frame))
    case .loadGlobal:
      guard table.version >= .python311 else {
        frame.stack.append(value(of: argument, isGlobal: true, &frame))
        return
      }
      // The lowest bit asks for the empty slot of a call, before the function until 3.12.
      let isBefore = table.version <= .python312
      if argument & 1 != 0, isBefore { frame.stack.append(.null) }
      frame.stack.append(value(of: argument >> 1, isGlobal: true, &frame))
      if argument & 1 != 0, !isBefore { frame.stack.append(.null) }
    case .loadLocal:
      let value = reserveLocal(argument, &frame) ? frame.locals[argument].use() : nil
      frame.stack.append(value ?? .unknown)
    default: frame.stack.append(.unknown)
    }
  }

  /// Makes room to note what the fast local `index` is worth; `false` where that is not noted.
  private mutating func reserveLocal(_ index: Int, _ frame: inout CodeFrame) -> Bool {
    guard index >= 0, index < 256, budget.spend(max(0, index &+ 1 &- frame.locals.count)) else {
      return false
    }
    while frame.locals.count <= index { frame.locals.append(KnownName()) }
    return true
  }

  /// What the name with number `index` is worth.
  private mutating func value(
    of index: Int, isGlobal: Bool, _ frame: inout CodeFrame
  ) -> Symbol {
    guard let name = frame.name(index) else { return .unknown }
    if frame.role != .module, !isGlobal, let value = frame.values[index].use() { return value }
    if let place = global(name), let value = globals[place].use() { return value }
    return builtin(name)
  }

  private mutating func store(
    _ operation: BytecodeOperation, _ argument: Int, _ frame: inout CodeFrame,
    _ pass: inout WalkPass
  ) {
    let value = frame.pop()
    let isImport: Bool
    switch pass.last {
    case .importFrom: isImport = true
    case .importName, .popTop: isImport = value.isImported
    default: isImport = false
    }
    if !isImport { pass.startsBlock = true }
    guard pass.isLive else { return }
    if operation == .storeLocal {
      guard pass.isLearning, reserveLocal(argument, &frame) else { return }
      if frame.locals[argument].learn(value) { pass.isRevised = true }
    } else if operation == .storeName, frame.role != .module {
      guard pass.isLearning, argument < frame.values.count else { return }
      if frame.values[argument].learn(value) { pass.isRevised = true }
    } else if let name = frame.name(argument), let place = global(name) {
      if !isImport { isBound[place] = true }
      if pass.isLearning, globals[place].learn(value) { pass.isRevised = true }
    }
  }
}
