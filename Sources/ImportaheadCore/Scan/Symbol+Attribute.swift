/// What is made of known values, in source as in bytecode.
extension Symbol {
  /// What an attribute is worth; `isNamed` tells whether it has a name.
  func attribute(_ facts: InterpreterFacts, isNamed: (StaticString) -> Bool) -> Symbol {
    if isNamed("TYPE_CHECKING") { return .boolean(false) }
    switch self {
    case .module(.sys): return Self.systemAttribute(facts, isNamed)
    case .module(.os): return isNamed("name") ? .text(.osName) : .unknown
    case .module(.implementation): return isNamed("name") ? .text(.implementation) : .unknown
    case .module(.importlib): return isNamed("import_module") ? .callable(.importModule) : .unknown
    case .module(.platform):
      if isNamed("python_implementation") { return .callable(.pythonImplementation) }
      return isNamed("system") ? .callable(.system) : .unknown
    case .text(let text): return isNamed("startswith") ? .startsWith(text) : .unknown
    case .version:
      if isNamed("major") { return .integer(facts.version.major) }
      if isNamed("minor") { return .integer(facts.version.minor) }
      return isNamed("micro") ? .integer(facts.version.micro) : .unknown
    default: return .unknown
    }
  }

  private static func systemAttribute(
    _ facts: InterpreterFacts, _ isNamed: (StaticString) -> Bool
  ) -> Symbol {
    if isNamed("version_info") { return .version }
    if isNamed("platform") { return .text(.platform) }
    if isNamed("implementation") { return .module(.implementation) }
    if isNamed("maxsize") { return .integer(Int.max) }
    guard isNamed("hexversion") else { return .unknown }
    let version = facts.version
    return .integer((version.major << 24) | (version.minor << 16) | (version.micro << 8) | 0xF0)
  }

  /// What `self[key]` is worth.
  func item(_ key: Symbol, _ facts: InterpreterFacts) -> Symbol {
    if case .text(let text) = self, case .slice(let count) = key, count > 0 {
      return .textPrefix(text, count)
    }
    guard self == .version else { return .unknown }
    switch key {
    case .integer(0): return .integer(facts.version.major)
    case .integer(1): return .integer(facts.version.minor)
    case .integer(2): return .integer(facts.version.micro)
    case .slice(let count) where count >= 1 && count <= 3: return .versionPrefix(count)
    default: return .unknown
    }
  }

  /// What a call without arguments is worth.
  var called: Symbol {
    switch self {
    case .callable(.pythonImplementation): .text(.implementationTitle)
    case .callable(.system): .text(.system)
    default: .unknown
    }
  }

  /// The value as conditions compare it; a constant of a bytecode file is its analysis's business.
  func constant(_ facts: InterpreterFacts) -> Constant {
    switch self {
    case .none: .none
    case .boolean(let value): .truth(value)
    case .integer(let value): .number(value)
    case .text(let text): facts.bytes(of: text).map { .text($0) } ?? .unknown
    case .textPrefix(let text, let count):
      facts.bytes(of: text).map { .text(Array($0.prefix(count))) } ?? .unknown
    case .version: .version(5)
    case .versionPrefix(let count): .version(count)
    case .moduleName: .moduleName
    default: .unknown
    }
  }
}

extension InterpreterFacts {
  /// The bytes of a string that is constant for the interpreter.
  ///
  /// Two are their `sys` counterparts in other letters; only the common ones are known.
  func bytes(of text: KnownText) -> [UInt8]? {
    switch text {
    case .platform: platform
    case .osName: osName
    case .implementation: implementation
    case .implementationTitle:
      implementation == Array("cpython".utf8) ? Array("CPython".utf8) : nil
    case .system: platform == Array("linux".utf8) ? Array("Linux".utf8) : nil
    }
  }
}
