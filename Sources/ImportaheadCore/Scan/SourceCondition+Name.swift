/// The names that are constant for an interpreter.
extension SourceCondition {
  /// Reads a dotted name and what is done with it: an index, a slice, a call.
  mutating func name() -> SourceConstant {
    let start = token.start
    var end = token.end
    var tail = token
    advance()
    while token.kind == .dot {
      // A gap in a dotted name is not worth understanding.
      guard token.start == end else { return .unknown }
      advance()
      guard token.kind == .name, token.start == end &+ 1 else { return .unknown }
      tail = token
      end = token.end
      advance()
    }
    if cursor.spells(tail, "startswith"), let value = text(start, tail.start &- 1) {
      return prefixTest(of: value)
    }
    let value = constant(start, end, tail: tail)
    if token.kind != .open { return value }
    if sees("("), case .unknown = value { return call(start, end) }
    guard sees("[") else { return .unknown }
    return subscripted(value)
  }

  /// The value of a name that is not called.
  private func constant(_ start: Int, _ end: Int, tail: Token) -> SourceConstant {
    let version = facts.version
    if cursor.spells(tail, "TYPE_CHECKING") { return .truth(false) }
    if let text = text(start, end) { return .text(text) }
    if spells(start, end, "sys.version_info", "version_info") {
      return .version(
        SourceVersion(
          first: version.major, second: version.minor, third: version.micro, count: 3,
          goesOn: true))
    }
    if spells(start, end, "sys.version_info.major", "version_info.major") {
      return .number(version.major)
    }
    if spells(start, end, "sys.version_info.minor", "version_info.minor") {
      return .number(version.minor)
    }
    if spells(start, end, "sys.version_info.micro", "version_info.micro") {
      return .number(version.micro)
    }
    if spells(start, end, "True", "True") { return .truth(true) }
    if spells(start, end, "False", "None") { return .truth(false) }
    if spells(start, end, "__name__", "__name__") { return .moduleName }
    return .unknown
  }

  private func text(_ start: Int, _ end: Int) -> [UInt8]? {
    if spells(start, end, "sys.platform", "_sys.platform") { return facts.platform }
    if spells(start, end, "os.name", "_os.name") { return facts.osName }
    if spells(start, end, "sys.implementation.name", "implementation.name") {
      return facts.implementation
    }
    return nil
  }

  private func spells(
    _ start: Int, _ end: Int, _ first: StaticString, _ second: StaticString
  ) -> Bool {
    cursor.spells(start, end, first) || cursor.spells(start, end, second)
  }

  /// Reads `("linux")` or `(("linux", "darwin"))` after `.startswith`.
  private mutating func prefixTest(of value: [UInt8]) -> SourceConstant {
    guard sees("(") else { return .unknown }
    switch enclosed() {
    case .text(let prefix): return .truth(value.starts(with: prefix))
    case .texts(let prefixes): return .truth(prefixes.contains { value.starts(with: $0) })
    default: return .unknown
    }
  }

  /// Reads the empty argument list of a function whose answer is constant.
  private mutating func call(_ start: Int, _ end: Int) -> SourceConstant {
    let isSystem = spells(start, end, "platform.system", "platform.system")
    let isImplementation = spells(
      start, end, "platform.python_implementation", "python_implementation")
    guard isSystem || isImplementation else { return .unknown }
    advance()
    guard sees(")") else { return .unknown }
    advance()
    // Both are their `sys` counterparts in other letters; only the common ones are known here.
    if isSystem, facts.platform == Array("linux".utf8) { return .text(Array("Linux".utf8)) }
    if isImplementation, facts.implementation == Array("cpython".utf8) {
      return .text(Array("CPython".utf8))
    }
    return .unknown
  }

  /// Reads `[0]` or `[:2]` after a value.
  private mutating func subscripted(_ value: SourceConstant) -> SourceConstant {
    advance()
    let isSlice = token.kind == .colon
    if isSlice { advance() }
    guard let index = cursor.integer(token) else { return .unknown }
    advance()
    guard sees("]") else { return .unknown }
    advance()
    switch value {
    case .version(let version):
      if isSlice { return version.prefix(index).map { .version($0) } ?? .unknown }
      return version[index].map { .number($0) } ?? .unknown
    case .text(let text) where isSlice:
      return .text(Array(text.prefix(index)))
    default:
      return .unknown
    }
  }
}
