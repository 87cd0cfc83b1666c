/// Follows the code of one module the way evaluation would, and collects its imports.
struct BytecodeAnalysis: ~Escapable {
  /// The module's marshalled objects.
  let objects: MarshalObjects
  /// The opcodes of the version that wrote them.
  let table: OpcodeTable
  /// What is constant for the interpreter.
  let facts: InterpreterFacts
  /// Whether the module runs as `__main__`.
  let asMain: Bool
  /// What was found.
  var scan = ImportScan()
  /// What is known of the module's names: of each name's offset, in ascending order.
  var globalNames: [Int32] = []
  var globals: [KnownName] = []
  /// Which of the module's names are bound by something other than an import.
  var isBound: [Bool] = []
  /// Which code objects were analysed.
  private var visited: [Bool]
  /// The number of `try` bodies so far.
  var attempts = 0
  /// What may still be done.
  var budget: ScanBudget
  private var blocks = -1

  /// How deep class bodies and calls are followed into each other.
  private static var maximumDepth: Int { 12 }

  /// An analysis of the module whose code object is the first of `objects`.
  @_lifetime(copy objects)
  init(
    _ objects: MarshalObjects, version: BytecodeVersion, facts: InterpreterFacts, asMain: Bool,
    budget: ScanBudget
  ) {
    self.objects = objects
    self.facts = facts
    self.asMain = asMain
    table = OpcodeTable.of(version)
    visited = [Bool](repeating: false, count: objects.index.codes.count)
    self.budget = budget
  }

  /// Analyses the module and all it evaluates, as far as the budget reaches.
  mutating func run() {
    defer {
      scan.steps = budget.spent
      scan.isCut = budget.isSpent
    }
    guard var frame = frame(for: 0, role: .module), budget.spend(sorting: frame.names.count)
    else { return }
    globalNames = frame.names.sorted()
    globals = [KnownName](repeating: KnownName(), count: globalNames.count)
    isBound = [Bool](repeating: false, count: globalNames.count)
    analyse(&frame, under: ImportCertainty(), depth: 0)
    for index in globalNames.indices where isBound[index] {
      let name = objects.copyText(at: Int(globalNames[index]), &budget)
      guard !budget.isSpent else { return }
      scan.bindings.append(name)
    }
  }

  /// The place of a name in the module's tables.
  func global(_ name: Int32) -> Int? {
    var low = 0
    var high = globalNames.count
    while low < high {
      let middle = (low &+ high) / 2
      if globalNames[middle] == name { return middle }
      if globalNames[middle] < name { low = middle &+ 1 } else { high = middle }
    }
    return nil
  }

  private mutating func analyse(
    _ frame: inout CodeFrame, under outer: ImportCertainty, depth: Int
  ) {
    frame.placeRegions(&budget)
    // What a name is worth may be stored after it is used (handlers stand last since 3.11): then
    // another pass decides the conditions.
    if walk(&frame, learning: true), frame.hasBranches { walk(&frame, learning: false) }
    guard !frame.events.isEmpty, !budget.isSpent else { return }
    var flow = ControlFlow(frame)
    flow.number(&frame, after: &attempts, &budget)
    flow.run(frame, &budget)
    let lines = lines(of: frame)
    let order = self.order(of: frame, flow)
    for index in order where !budget.isSpent {
      let event = frame.events[index]
      let certainty = flow.certainty(at: Int(event.unit), frame).inside(outer)
      emit(event, certainty, line: lines[index], frame, depth: depth)
    }
  }

  /// The events of `frame` in the order evaluation meets them.
  private mutating func order(of frame: CodeFrame, _ flow: ControlFlow) -> [Int] {
    let places = frame.events.map { flow.order(of: Int($0.unit)) }
    guard flow.hasHandlers, budget.spend(sorting: places.count) else {
      return Array(places.indices)
    }
    return places.indices.sorted { (places[$0], $0) < (places[$1], $1) }
  }

  private mutating func emit(
    _ event: CodeEvent, _ certainty: ImportCertainty, line: Int, _ frame: CodeFrame, depth: Int
  ) {
    var statement = ImportStatement(
      kind: certainty.kind, level: 0, module: [], line: line, attempt: certainty.attempt,
      fallbackOf: certainty.fallbackOf, isCalled: certainty.isCalled)
    switch event.action {
    case .statement(let level, let module, let names):
      statement.level = level
      statement.module = objects.copyText(at: Int(module), &budget)
      if names > 0 {
        for name in objects.items(at: Int(names), &budget) ?? [] where !budget.isSpent {
          statement.names.append(objects.copyText(at: Int(name), &budget))
        }
      }
      append(statement, startsBlock: event.startsBlock)
    case .dynamic(let level, let name, let base):
      let literals = objects.items(at: Int(name), limit: 64, &budget) ?? [name]
      for literal in literals where objects.isString(at: Int(literal)) {
        addDynamic(statement, level: level, name: Int(literal), base: Int(base))
      }
    case .classBody(let code), .call(let code):
      var inner = certainty
      var role = CodeFrame.Role.classBody
      if case .call = event.action {
        role = .function
        inner.isCalled = true
      }
      blocks &+= 1
      enter(Int(code), role, under: inner, depth: depth &+ 1)
    }
  }

  private mutating func append(_ statement: ImportStatement, startsBlock: Bool) {
    guard budget.spend(ScanBudget.perStatement) else { return }
    if startsBlock || blocks < 0 { blocks &+= 1 }
    scan.statements.append(statement)
    scan.statements[scan.statements.count &- 1].block = blocks
  }

  /// Adds an import by `import_module` or `__import__`; leading dots are levels.
  private mutating func addDynamic(
    _ statement: ImportStatement, level: Int, name: Int, base: Int
  ) {
    var text = objects.copyText(at: name, &budget)
    let dots = text.prefix { $0 == 0x2E }.count
    text.removeFirst(dots)
    var statement = statement
    statement.level = max(level, dots)
    if base > 0 {
      // `import_module(".name", "package")` says what it is relative to.
      guard dots == 1 else { return }
      statement.level = 0
      text = objects.copyText(at: base, &budget) + [0x2E] + text
    }
    guard !text.isEmpty, !text.contains(0) else { return }
    statement.module = text
    append(statement, startsBlock: true)
  }

  /// Analyses the body of a class or a function that is called, once.
  private mutating func enter(
    _ code: Int, _ role: CodeFrame.Role, under certainty: ImportCertainty, depth: Int
  ) {
    guard depth <= Self.maximumDepth, code >= 0, code < visited.count, !visited[code],
      var frame = frame(for: code, role: role)
    else { return }
    analyse(&frame, under: certainty, depth: depth)
  }

  /// Decodes a code object; `nil` when it is malformed, beyond the budget, or cannot import anything.
  private mutating func frame(for code: Int, role: CodeFrame.Role) -> CodeFrame? {
    guard code < objects.index.codes.count else { return nil }
    visited[code] = true
    let parts = objects.index.codes[code]
    guard let bytecode = objects.resolve(Int(parts.bytecode)),
      let range = objects.text(at: bytecode), budget.spend(range.count),
      let names = items(at: parts.names), role == .module || mayImport(range, names: names),
      let constants = items(at: parts.constants)
    else { return nil }
    var frame = CodeFrame(
      code: code, role: role, names: names, constants: constants,
      instructions: instructions(in: range))
    if table.version >= .python311 {
      let exceptions = objects.resolve(Int(parts.exceptions)) ?? 0
      frame.regions = objects.exceptionRegions(at: exceptions, units: range.count / 2, &budget)
    } else {
      frame.addBlockRegions()
    }
    return budget.isSpent ? nil : frame
  }

  /// The items of the tuple that the field at `offset` of a code object stands for.
  private mutating func items(at offset: Int32) -> [Int32]? {
    guard let tuple = objects.resolve(Int(offset)) else { return nil }
    return objects.items(at: tuple, &budget)
  }

  /// Whether the code in `range` imports, calls, or has a class body that may.
  private func mayImport(_ range: Range<Int>, names: [Int32]) -> Bool {
    for unit in 0..<(range.count / 2) {
      switch table[objects.stream.byte(at: range.lowerBound &+ 2 &* unit)] {
      case .importName, .loadBuildClass: return true
      default: break
      }
    }
    return names.contains {
      objects.isText("__import__", at: Int($0)) || objects.isText("import_module", at: Int($0))
    }
  }

  /// Decodes the instructions in `range`, prefixes folded into what they precede.
  private func instructions(in range: Range<Int>) -> [BytecodeInstruction] {
    var instructions: [BytecodeInstruction] = []
    instructions.reserveCapacity(range.count / 2)
    var prefix = 0
    for unit in 0..<(range.count / 2) {
      let offset = range.lowerBound &+ 2 &* unit
      let operation = table[objects.stream.byte(at: offset)]
      var argument = prefix &<< 8 | Int(objects.stream.byte(at: offset &+ 1))
      argument &= 0x3FFF_FFFF
      prefix = operation == .extendedArgument ? argument : 0
      // Distances count bytes until 3.9 and code units from 3.10 on.
      if table.version == .python39, operation.isJump { argument /= 2 }
      instructions.append(
        BytecodeInstruction(operation: operation, argument: Int32(truncatingIfNeeded: argument)))
    }
    return instructions
  }
}

/// How sure it is that a place in the code is evaluated, and on what that depends.
struct ImportCertainty {
  var kind = ImportKind.eager
  var attempt = 0
  var fallbackOf = 0
  var isCalled = false

  /// The same place when its code is evaluated under the conditions of another.
  func inside(_ outer: ImportCertainty) -> ImportCertainty {
    var inner = self
    if inner.attempt == 0 { inner.attempt = outer.attempt }
    inner.isCalled = outer.isCalled
    switch (outer.kind, kind) {
    case (.eager, _), (_, .never), (_, .fallback): break
    case (.never, _): inner.kind = .never
    default:
      inner.kind = outer.kind
      inner.fallbackOf = outer.fallbackOf
    }
    return inner
  }
}
