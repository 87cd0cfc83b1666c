extension BytecodeAnalysis {
  /// Notes that something at `unit` makes imports.
  private func note(
    _ action: CodeEvent.Action, at unit: Int, _ frame: inout CodeFrame, _ pass: WalkPass
  ) {
    frame.events.append(
      CodeEvent(
        unit: Int32(truncatingIfNeeded: unit), action: action, startsBlock: pass.startsBlock))
  }

  /// Evaluates IMPORT_NAME: level and names lie on the stack, the module's name in the argument.
  func importName(
    _ unit: Int, _ argument: Int, _ frame: inout CodeFrame, _ pass: inout WalkPass
  ) {
    let names = frame.pop()
    let level = frame.pop()
    guard let name = frame.name(argument) else {
      frame.stack.append(.imported)
      return
    }
    var depth = 0
    if case .integer(let value) = level, value >= 0 { depth = value }
    var list: Int32 = 0
    if case .object(let offset) = names { list = offset }
    note(.statement(level: depth, module: name, names: list), at: unit, &frame, pass)
    pass.startsBlock = false
    frame.stack.append(depth == 0 ? module(name) : .imported)
  }

  /// Evaluates IMPORT_FROM: the module stays below the attribute.
  func importFrom(_ argument: Int, _ frame: inout CodeFrame) {
    guard let name = frame.name(argument) else {
      frame.stack.append(.imported)
      return
    }
    let value = attribute(name, of: frame.peek(0))
    frame.stack.append(value == .unknown ? .imported : value)
  }

  /// The module that `import name` binds, as far as its attributes matter.
  private func module(_ name: Int32) -> Symbol {
    let offset = Int(name)
    if objects.isText("sys", at: offset) { return .module(.sys) }
    if objects.isText("os", at: offset) || objects.isText("os.path", at: offset) {
      return .module(.os)
    }
    if objects.isText("platform", at: offset) { return .module(.platform) }
    if let range = objects.text(at: offset), range.count >= 9,
      objects.stream.matches("importlib", at: range.lowerBound, length: 9),
      range.count == 9 || objects.stream.byte(at: range.lowerBound &+ 9) == 0x2E
    {
      return .module(.importlib)
    }
    return .module(.other)
  }

  /// Evaluates MAKE_FUNCTION, which also makes the bodies of classes.
  func makeFunction(
    _ unit: Int, _ argument: Int, _ frame: inout CodeFrame, _ pass: inout WalkPass
  ) {
    if table.version <= .python310 { frame.drop(1) }  // the qualified name
    let made = frame.pop()
    if table.version <= .python312 {
      for bit in 0..<4 where argument & (1 &<< bit) != 0 { frame.drop(1) }
    }
    guard case .code(let code) = made else {
      frame.stack.append(.unknown)
      return
    }
    // A class body comes right after LOAD_BUILD_CLASS; an empty slot or a closure may lie between.
    let bottom = max(0, frame.stack.count &- 3)
    guard let place = frame.stack[bottom...].firstIndex(of: .buildClass) else {
      frame.stack.append(.function(code))
      return
    }
    frame.stack[place] = .unknown
    note(.classBody(code), at: unit, &frame, pass)
    frame.stack.append(.unknown)
  }

  /// Evaluates a call of any kind.
  mutating func call(
    _ unit: Int, _ operation: BytecodeOperation, _ argument: Int, _ frame: inout CodeFrame,
    _ pass: inout WalkPass
  ) {
    if operation == .callKeywords { frame.drop(1) }  // the names of keywords
    let isPlain =
      operation == .callFunction || operation == .callKeywords && table.version <= .python310
    var first = max(0, frame.stack.count &- argument)
    var count = frame.stack.count &- first
    var function = count == argument ? frame.peek(argument) : .unknown
    if !isPlain {
      // Two places below the arguments: the function with an empty slot, or a method with its
      // receiver. What is neither is the first argument (a decorated function, until 3.12).
      let lower = count == argument ? frame.peek(argument &+ 1) : .unknown
      if lower != .null {
        if function != .null, function != .receiver, first > 0 {
          first &-= 1
          count &+= 1
        }
        function = lower
      }
    }
    let result = self.call(function, first, count, unit, &frame, pass)
    frame.drop(argument &+ (isPlain ? 1 : 2))
    frame.stack.append(result)
  }

  private mutating func call(
    _ function: Symbol, _ first: Int, _ count: Int, _ unit: Int, _ frame: inout CodeFrame,
    _ pass: WalkPass
  ) -> Symbol {
    switch function {
    case .function(let code):
      // Calling a generator or a coroutine runs none of its code.
      if objects.index.codes[Int(code)].flags & 0x2A0 == 0 {
        note(.call(code), at: unit, &frame, pass)
      }
      return .unknown
    case .callable(.importModule), .callable(.builtinImport):
      guard count > 0 else { return .unknown }
      noteDynamic(function, frame.stack[first], count, first, unit, &frame, pass)
      return .imported
    case .startsWith(let text) where count == 1:
      return starts(text, with: frame.stack[first]).map { .boolean($0) } ?? .unknown
    default: return function.called
    }
  }

  private func noteDynamic(
    _ function: Symbol, _ name: Symbol, _ count: Int, _ first: Int, _ unit: Int,
    _ frame: inout CodeFrame, _ pass: WalkPass
  ) {
    var level = 0
    var base: Int32 = 0
    if function == .callable(.builtinImport), count >= 5,
      case .integer(let value) = frame.stack[first &+ 4], value >= 0
    {
      level = value
    }
    if function == .callable(.importModule), count >= 2,
      case .object(let package) = frame.stack[first &+ 1], objects.isString(at: Int(package))
    {
      base = package
    }
    switch name {
    case .object(let literal) where objects.isString(at: Int(literal)):
      let isRelative = objects.text(at: Int(literal)).map {
        objects.stream.byte(at: $0.lowerBound) == 0x2E
      }
      note(
        .dynamic(level: level, name: literal, base: isRelative == true ? base : 0), at: unit,
        &frame, pass)
    case .each(let tuple) where base == 0:
      note(.dynamic(level: level, name: tuple, base: 0), at: unit, &frame, pass)
    default: break
    }
  }
}
