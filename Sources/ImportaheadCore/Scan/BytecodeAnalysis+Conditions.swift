extension BytecodeAnalysis {
  /// What the constant at `offset` is.
  func constant(at offset: Int32) -> Symbol {
    let place = Int(offset)
    switch objects.type(at: place) {
    case MarshalType.none: return .none
    case MarshalType.yes: return .boolean(true)
    case MarshalType.no: return .boolean(false)
    case MarshalType.code: return objects.index.code(at: place).map { .code(Int32($0)) } ?? .unknown
    case MarshalType.integer, MarshalType.long:
      return objects.integer(at: place).map { .integer($0) } ?? .unknown
    case MarshalType.slice: return slice(at: place)
    default: return .object(offset)
    }
  }

  /// What a slice constant is whose bounds are plain: nothing that matters is sliced by another slice.
  private func slice(at offset: Int) -> Symbol {
    let first = offset &+ 1
    guard let length = objects.plainLength(at: first), let start = bound(at: first),
      let end = bound(at: first &+ length)
    else { return .unknown }
    return slice(start, end)
  }

  private func bound(at offset: Int) -> Symbol? {
    guard let place = objects.resolve(offset) else { return nil }
    if objects.type(at: place) == MarshalType.none { return Symbol.none }
    return objects.integer(at: place).map { .integer($0) }
  }

  /// What a name is worth that the module does not bind.
  func builtin(_ name: Int32) -> Symbol {
    let offset = Int(name)
    if objects.isText("TYPE_CHECKING", at: offset) { return .boolean(false) }
    if objects.isText("__name__", at: offset) { return .moduleName }
    if objects.isText("__package__", at: offset) { return .packageName }
    if objects.isText("__import__", at: offset) { return .callable(.builtinImport) }
    return .unknown
  }

  /// Evaluates LOAD_ATTR and LOAD_METHOD.
  func loadAttribute(
    _ operation: BytecodeOperation, _ argument: Int, _ frame: inout CodeFrame
  ) {
    var index = argument
    var isMethod = operation == .loadMethod
    if table.version >= .python312 {
      isMethod = argument & 1 != 0
      index = argument >> 1
    }
    let owner = frame.pop()
    frame.stack.append(frame.name(index).map { attribute($0, of: owner) } ?? .unknown)
    if isMethod { frame.stack.append(.receiver) }
  }

  /// What an attribute is worth.
  func attribute(_ name: Int32, of owner: Symbol) -> Symbol {
    owner.attribute(facts) { objects.isText($0, at: Int(name)) }
  }

  /// A slice from the front, the only kind that matters.
  func slice(_ start: Symbol, _ end: Symbol) -> Symbol {
    guard start == .none || start == .integer(0), case .integer(let count) = end else {
      return .unknown
    }
    return .slice(count)
  }

  /// Whether a value counts as true; `nil` when that is not known.
  func truth(of symbol: Symbol) -> Bool? {
    switch symbol {
    case .code, .function, .module, .callable, .startsWith, .buildClass: return true
    case .object(let offset):
      if let text = objects.text(at: Int(offset)) { return !text.isEmpty }
      return objects.extent(at: Int(offset)).map { $0.count > 0 }
    default: return symbol.constant(facts).truth
    }
  }

  /// Whether a value is `None`; `nil` when that is not known.
  func isNone(_ symbol: Symbol) -> Bool? {
    switch symbol {
    case .unknown, .imported, .each, .null, .receiver, .slice, .packageName: return nil
    case .none: return true
    default: return false
    }
  }

  /// The result of a comparison, which has the number that COMPARE_OP gives it.
  mutating func compare(_ left: Symbol, _ comparison: Int, _ right: Symbol) -> Bool? {
    UInt8(exactly: comparison).flatMap { Comparison(rawValue: $0) }
      .flatMap { compare(left, $0, right) }
  }

  /// The result of a comparison.
  mutating func compare(_ left: Symbol, _ comparison: Comparison, _ right: Symbol) -> Bool? {
    // Mostly nothing is known of either side.
    guard isComparable(left), isComparable(right) else { return nil }
    let (first, second) = (value(of: left), value(of: right))
    return comparison.holds(first, second, facts, asMain: asMain, &budget)
  }

  /// Whether a known string starts with another, or with one of a tuple's.
  mutating func starts(_ text: KnownText, with prefix: Symbol) -> Bool? {
    guard let text = facts.bytes(of: text) else { return nil }
    return value(of: prefix).isPrefix(of: text)
  }

  private func isComparable(_ symbol: Symbol) -> Bool {
    switch symbol {
    case .object, .boolean, .integer, .text, .textPrefix, .version, .versionPrefix, .moduleName:
      return true
    default: return false
    }
  }

  /// The value that a condition is made of.
  private mutating func value(of symbol: Symbol) -> Constant {
    guard case .object(let offset) = symbol else { return symbol.constant(facts) }
    guard let places = objects.items(at: Int(offset), limit: Self.mostItems, &budget) else {
      return text(at: offset)
    }
    var items: [Constant] = []
    for place in places {
      let item = constant(at: place)
      if case .object(let offset) = item {
        items.append(text(at: offset))
      } else {
        items.append(item.constant(facts))
      }
    }
    // What lies beyond is not known.
    if places.count == Self.mostItems { items.append(.unknown) }
    return .items(items)
  }

  private mutating func text(at offset: Int32) -> Constant {
    objects.isString(at: Int(offset)) ? .text(objects.copyText(at: Int(offset), &budget)) : .unknown
  }

  /// How many items of a constant are looked at.
  private static var mostItems: Int { 64 }
}
