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
    let offset = Int(name)
    if objects.isText("TYPE_CHECKING", at: offset) { return .boolean(false) }
    switch owner {
    case .module(.sys): return systemAttribute(offset)
    case .module(.os): return objects.isText("name", at: offset) ? .text(.osName) : .unknown
    case .module(.implementation):
      return objects.isText("name", at: offset) ? .text(.implementation) : .unknown
    case .module(.importlib):
      return objects.isText("import_module", at: offset) ? .callable(.importModule) : .unknown
    case .module(.platform):
      if objects.isText("python_implementation", at: offset) {
        return .callable(.pythonImplementation)
      }
      return objects.isText("system", at: offset) ? .callable(.system) : .unknown
    case .text(let text):
      return objects.isText("startswith", at: offset) ? .startsWith(text) : .unknown
    case .version:
      if objects.isText("major", at: offset) { return .integer(facts.version.major) }
      if objects.isText("minor", at: offset) { return .integer(facts.version.minor) }
      return objects.isText("micro", at: offset) ? .integer(facts.version.micro) : .unknown
    default: return .unknown
    }
  }

  private func systemAttribute(_ name: Int) -> Symbol {
    if objects.isText("version_info", at: name) { return .version }
    if objects.isText("platform", at: name) { return .text(.platform) }
    if objects.isText("implementation", at: name) { return .module(.implementation) }
    if objects.isText("maxsize", at: name) { return .integer(Int.max) }
    guard objects.isText("hexversion", at: name) else { return .unknown }
    let version = facts.version
    return .integer((version.major << 24) | (version.minor << 16) | (version.micro << 8) | 0xF0)
  }

  /// A slice from the front, the only kind that matters.
  func slice(_ start: Symbol, _ end: Symbol) -> Symbol {
    guard start == .none || start == .integer(0), case .integer(let count) = end else {
      return .unknown
    }
    return .slice(count)
  }

  /// What `container[key]` is worth.
  func item(_ key: Symbol, of container: Symbol) -> Symbol {
    if case .text(let text) = container, case .slice(let count) = key, count > 0 {
      return .textPrefix(text, count)
    }
    guard container == .version else { return .unknown }
    switch key {
    case .integer(0): return .integer(facts.version.major)
    case .integer(1): return .integer(facts.version.minor)
    case .integer(2): return .integer(facts.version.micro)
    case .slice(let count) where count >= 1 && count <= 3: return .versionPrefix(count)
    default: return .unknown
    }
  }

  /// Whether a value counts as true; `nil` when that is not known.
  func truth(of symbol: Symbol) -> Bool? {
    switch symbol {
    case .boolean(let value): return value
    case .integer(let value): return value != 0
    case .none: return false
    case .version, .versionPrefix, .text, .code, .function, .module, .callable, .moduleName,
      .startsWith, .buildClass:
      return true
    case .object(let offset):
      if let text = objects.text(at: Int(offset)) { return !text.isEmpty }
      return objects.extent(at: Int(offset)).map { $0.count > 0 }
    default: return nil
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

  /// The bytes of a string that is constant for the interpreter.
  private func bytes(of text: KnownText) -> [UInt8]? {
    let isCPython = facts.implementation == Array("cpython".utf8)
    switch text {
    case .platform: return facts.platform
    case .osName: return facts.osName
    case .implementation: return facts.implementation
    case .implementationTitle: return isCPython ? Array("CPython".utf8) : nil
    case .system: return facts.platform == Array("linux".utf8) ? Array("Linux".utf8) : nil
    }
  }

  /// Whether a known string starts with another, or with one of a tuple's.
  mutating func starts(_ text: KnownText, with prefix: Symbol) -> Bool? {
    guard case .object(let offset) = prefix, let bytes = bytes(of: text) else { return nil }
    let prefixes = objects.items(at: Int(offset), limit: 64, &budget) ?? [offset]
    for prefix in prefixes {
      guard let range = objects.text(at: Int(prefix)) else { return nil }
      if range.count <= bytes.count,
        objects.stream.matches(
          Array(bytes.prefix(range.count)), at: range.lowerBound, length: range.count)
      {
        return true
      }
    }
    return false
  }

  /// Whether `value in container`.
  mutating func contains(_ container: Symbol, _ value: Symbol) -> Bool? {
    if case .text(let text) = container { return isPart(value, of: text) }
    guard case .object(let offset) = container,
      let items = objects.items(at: Int(offset), limit: 64, &budget)
    else { return nil }
    var isKnown = true
    for item in items {
      guard let equal = compare(value, 2, constant(at: item)) else {
        isKnown = false
        continue
      }
      if equal { return true }
    }
    return isKnown ? false : nil
  }

  /// Whether a constant string is part of a known one.
  private func isPart(_ value: Symbol, of text: KnownText) -> Bool? {
    guard case .object(let offset) = value, let part = objects.text(at: Int(offset)),
      let bytes = bytes(of: text)
    else { return nil }
    guard part.count <= bytes.count else { return false }
    return (0...(bytes.count &- part.count)).contains { start in
      let window = Array(bytes[start..<(start &+ part.count)])
      return objects.stream.matches(window, at: part.lowerBound, length: part.count)
    }
  }

  /// The result of a comparison: 0 is <, then <=, ==, !=, > and >=.
  mutating func compare(_ left: Symbol, _ operation: Int, _ right: Symbol) -> Bool? {
    switch (left, right) {
    case (.object, .version), (.object, .versionPrefix), (.object, .text), (.object, .textPrefix),
      (.object, .moduleName):
      return compare(
        right, operation == 2 || operation == 3 ? operation : [4, 5, 2, 3, 0, 1][operation % 6],
        left)
    case (.version, .object(let tuple)):
      return order(prefix: 5, tuple).flatMap { holds(operation, $0) }
    case (.versionPrefix(let count), .object(let tuple)):
      return order(prefix: count, tuple).flatMap { holds(operation, $0) }
    case (.text(let text), .object(let literal)):
      return bytes(of: text).flatMap { compare($0, operation, literal) }
    case (.textPrefix(let text, let count), .object(let literal)):
      return bytes(of: text).flatMap { compare(Array($0.prefix(count)), operation, literal) }
    case (.moduleName, .object(let literal)):
      guard objects.isText("__main__", at: Int(literal)) else {
        return asMain ? equality(operation, false) : nil
      }
      return equality(operation, asMain)
    default:
      guard let first = number(left), let second = number(right) else { return nil }
      return holds(operation, first < second ? -1 : first > second ? 1 : 0)
    }
  }

  private func compare(_ bytes: [UInt8], _ operation: Int, _ literal: Int32) -> Bool? {
    guard let range = objects.text(at: Int(literal)) else { return nil }
    return equality(
      operation, objects.stream.matches(bytes, at: range.lowerBound, length: range.count))
  }

  private func number(_ symbol: Symbol) -> Int? {
    switch symbol {
    case .integer(let value): return value
    case .boolean(let value): return value ? 1 : 0
    default: return nil
    }
  }

  private func equality(_ operation: Int, _ isEqual: Bool) -> Bool? {
    operation == 2 ? isEqual : operation == 3 ? !isEqual : nil
  }

  private func holds(_ operation: Int, _ order: Int) -> Bool? {
    switch operation {
    case 0: return order < 0
    case 1: return order <= 0
    case 2: return order == 0
    case 3: return order != 0
    case 4: return order > 0
    case 5: return order >= 0
    default: return nil
    }
  }

  /// How the first `count` items of the version compare with a tuple of integers.
  private mutating func order(prefix count: Int, _ tuple: Int32) -> Int? {
    guard let items = objects.items(at: Int(tuple), limit: 6, &budget) else { return nil }
    let version = [facts.version.major, facts.version.minor, facts.version.micro]
    for (index, item) in items.enumerated() {
      if index >= count { return -1 }
      // After the micro version comes the release level, which is not kept.
      guard index < version.count, let other = objects.integer(at: Int(item)) else { return nil }
      if version[index] != other { return version[index] < other ? -1 : 1 }
    }
    return items.count < count ? 1 : 0
  }
}
