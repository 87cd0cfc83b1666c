extension SourceScanner {
  /// Reads one statement, or the header of a compound one, and says what follows on the line.
  mutating func readStatement(at column: Int) -> StatementEnd {
    cursor.skipSpaces()
    let start = cursor.position
    let first = cursor.byte(at: start)
    if TokenByte.isIdentifier(first), !TokenByte.isDigit(first) {
      let end = cursor.identifierEnd(from: start)
      if cursor.isPrefix(start, end) { return readString() }
      return readWord(start, end, at: column)
    }
    switch first {
    case UInt8(ascii: "\""), UInt8(ascii: "'"): return readString()
    case UInt8(ascii: "#"), TokenByte.newline, TokenByte.carriageReturn, 0: return skipRest()
    default: return readOther()
    }
  }

  /// Moves over the rest of a statement that holds nothing to find.
  mutating func skipRest() -> StatementEnd {
    var ignored = false
    return cursor.skipStatement(sawCall: &ignored)
  }

  /// Reads a statement that is neither an import nor compound: it may call for an import.
  mutating func readOther() -> StatementEnd {
    closeBlock()
    let mark = cursor.mark
    var sawCall = false
    let end = cursor.skipStatement(sawCall: &sawCall)
    guard sawCall else { return end }
    cursor.reset(to: mark)
    let last = walk(toColon: false)
    closeBlock()
    return last.kind == .semicolon ? .semicolon : .line
  }

  /// Reads a statement that starts with a string; a docstring does not part two imports.
  private mutating func readString() -> StatementEnd {
    let mark = cursor.mark
    var token = cursor.next()
    while token.kind == .string { token = cursor.next() }
    if token.endsStatement { return token.kind == .semicolon ? .semicolon : .line }
    cursor.reset(to: mark)
    return readOther()
  }

  /// Reads a statement that starts with a word.
  private mutating func readWord(_ start: Int, _ end: Int, at column: Int) -> StatementEnd {
    switch cursor.word(start, end) {
    case TokenWord("import"):
      cursor.position = end
      return readImport(kind: .eager)
    case TokenWord("from"):
      cursor.position = end
      return readFromImport(kind: .eager)
    case TokenWord("lazy"):
      return readLazy(end)
    case TokenWord("raise"):
      let here = circumstance
      let last = readOther()
      if here.kind == .eager, here.leavesModule { isLeft = true }
      return last
    default:
      return readCompound(start, end, at: column) ?? readAssignment(start, end)
    }
  }

  /// Reads a statement that starts with `lazy`, which is a keyword only before an import.
  private mutating func readLazy(_ end: Int) -> StatementEnd {
    let mark = cursor.mark
    cursor.position = end
    cursor.skipSpaces()
    let start = cursor.position
    cursor.position = cursor.identifierEnd(from: start)
    switch cursor.word(start, cursor.position) {
    case TokenWord("import"): return readImport(kind: .lazy)
    case TokenWord("from"): return readFromImport(kind: .lazy)
    default: break
    }
    cursor.reset(to: mark)
    return readAssignment(mark.position, end)
  }

  /// Reads a statement that starts with a name, and records the names it assigns to.
  ///
  /// Understands `a = b = …`, `a, b = …` and `a: T = …`; attributes and items bind no name.
  private mutating func readAssignment(_ start: Int, _ end: Int) -> StatementEnd {
    let mark = cursor.mark
    if circumstance.isModuleScope {
      cursor.position = end
      readTargets(start, end)
      cursor.reset(to: mark)
    }
    return readOther()
  }

  private mutating func readTargets(_ start: Int, _ end: Int) {
    var pending: [(start: Int, end: Int)] = []
    var name = (start: start, end: end)
    while true {
      let token = cursor.next()
      switch token.kind {
      case .assign:
        bind(name.start, name.end)
        for other in pending { bind(other.start, other.end) }
        pending = []
      case .comma:
        pending.append(name)
      case .colon where pending.isEmpty:
        if valueFollows() { bind(name.start, name.end) }
        return
      default:
        return
      }
      let next = cursor.next()
      guard next.kind == .name else { return }
      name = (next.start, next.end)
    }
  }

  /// Whether an annotation is followed by a value on the same statement.
  private mutating func valueFollows() -> Bool {
    while true {
      let token = cursor.next()
      if token.endsStatement { return false }
      if token.kind == .assign, cursor.depth == 0 { return true }
    }
  }
}
