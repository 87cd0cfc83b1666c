extension SourceScanner {
  /// Reads the rest of `import a.b as c, d`.
  mutating func readImport(kind: ImportKind) -> StatementEnd {
    let line = cursor.line
    var modules: [[UInt8]] = []
    var token = cursor.next()
    while true {
      let module = readDottedName(&token)
      guard !module.isEmpty else { return leave(at: token) }
      modules.append(module)
      skipAlias(&token)
      guard token.kind == .comma else { break }
      token = cursor.next()
    }
    guard token.endsStatement else { return leave(at: token) }
    for module in modules {
      record(ImportStatement(kind: kind, level: 0, module: module, line: line))
    }
    return token.kind == .semicolon ? .semicolon : .line
  }

  /// Reads the rest of `from ..a import b as c, d`.
  mutating func readFromImport(kind: ImportKind) -> StatementEnd {
    let line = cursor.line
    var level = 0
    var token = cursor.next()
    while token.kind == .dot {
      level &+= 1
      token = cursor.next()
    }
    var module: [UInt8] = []
    if !cursor.spells(token, "import") { module = readDottedName(&token) }
    guard cursor.spells(token, "import"), level > 0 || !module.isEmpty else {
      return leave(at: token)
    }
    token = cursor.next()
    let names = readNames(&token)
    guard !names.isEmpty, token.endsStatement else { return leave(at: token) }
    record(
      ImportStatement(kind: kind, level: level, module: module, names: names, line: line))
    return token.kind == .semicolon ? .semicolon : .line
  }

  /// Reads the names after `import`, in parentheses or not; `token` becomes what follows.
  private mutating func readNames(_ token: inout Token) -> [[UInt8]] {
    if cursor.spells(token, "*") {
      token = cursor.next()
      return [[UInt8(ascii: "*")]]
    }
    let isEnclosed = token.kind == .open
    if isEnclosed { token = cursor.next() }
    var names: [[UInt8]] = []
    while token.kind == .name {
      names.append(cursor.keep(token.start, token.end))
      token = cursor.next()
      skipAlias(&token)
      guard token.kind == .comma else { break }
      token = cursor.next()
    }
    if isEnclosed {
      guard token.kind == .close else { return [] }
      token = cursor.next()
    }
    return names
  }

  /// Reads `a.b.c`; `token` is its first name and becomes what follows.
  private mutating func readDottedName(_ token: inout Token) -> [UInt8] {
    var name: [UInt8] = []
    while token.kind == .name {
      cursor.append(token.start, token.end, to: &name)
      token = cursor.next()
      guard token.kind == .dot else { return name }
      name.append(UInt8(ascii: "."))
      token = cursor.next()
    }
    return []
  }

  /// Moves over `as name`, if that is what is next.
  private mutating func skipAlias(_ token: inout Token) {
    guard cursor.spells(token, "as") else { return }
    _ = cursor.next()
    token = cursor.next()
  }

  /// Leaves a statement that is not the import it seemed to be; `token` has been read already.
  private mutating func leave(at token: Token) -> StatementEnd {
    if token.kind == .semicolon { return .semicolon }
    return token.endsStatement ? .line : skipRest()
  }
}
