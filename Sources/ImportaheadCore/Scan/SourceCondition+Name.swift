/// The names that are constant for an interpreter.
extension SourceCondition {
  /// Reads a dotted name and what is done with it: an index, a slice, a call.
  mutating func name() -> Constant {
    var value = root
    var end = token.end
    advance()
    while token.kind == .dot {
      // A gap in a dotted name is not worth understanding.
      guard token.start == end else { return .unknown }
      advance()
      guard token.kind == .name, token.start == end &+ 1 else { return .unknown }
      value = value.attribute(facts) { sees($0) }
      end = token.end
      advance()
    }
    if token.kind == .open {
      if sees("[") { return subscripted(value) }
      return sees("(") ? called(value) : .unknown
    }
    return value.constant(facts)
  }

  /// What the next token means where no other module's names hide it.
  private var root: Symbol {
    if sees("sys") || sees("_sys") { return .module(.sys) }
    if sees("os") || sees("_os") { return .module(.os) }
    if sees("platform") { return .module(.platform) }
    if sees("implementation") { return .module(.implementation) }
    if sees("version_info") { return .version }
    if sees("python_implementation") { return .callable(.pythonImplementation) }
    if sees("TYPE_CHECKING") || sees("False") { return .boolean(false) }
    if sees("True") { return .boolean(true) }
    if sees("None") { return Symbol.none }
    return sees("__name__") ? .moduleName : .unknown
  }

  /// Reads the arguments of a call: none, or the prefixes that a known text may start with.
  private mutating func called(_ function: Symbol) -> Constant {
    if case .startsWith(let text) = function {
      let prefix = enclosed()
      return facts.bytes(of: text).flatMap { prefix.isPrefix(of: $0) }.map { .truth($0) }
        ?? .unknown
    }
    guard case .callable = function else { return .unknown }
    advance()
    guard sees(")") else { return .unknown }
    advance()
    return function.called.constant(facts)
  }

  /// Reads `[0]` or `[:2]` after a value.
  private mutating func subscripted(_ value: Symbol) -> Constant {
    advance()
    let isSlice = token.kind == .colon
    if isSlice { advance() }
    guard let index = cursor.integer(token) else { return .unknown }
    advance()
    guard sees("]") else { return .unknown }
    advance()
    return value.item(isSlice ? .slice(index) : .integer(index), facts).constant(facts)
  }
}
