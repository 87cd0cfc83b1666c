extension SourceScanner {
  /// Reads the header of a compound statement, or returns `nil` if the word starts none.
  mutating func readCompound(_ start: Int, _ end: Int, at column: Int) -> StatementEnd? {
    let word = cursor.word(start, end)
    switch word {
    case TokenWord("match"), TokenWord("case"):
      return readMatch(word, end, at: column)
    case TokenWord("async"):
      return readAsync(end, at: column)
    case TokenWord("def"):
      cursor.position = end
      return readFunction(at: column)
    case TokenWord("if"), TokenWord("elif"), TokenWord("while"):
      cursor.position = end
      return readBranch(word, at: column)
    default:
      guard let frame = frame(for: word, after: end, at: column) else { return nil }
      cursor.position = end
      if frame.role == .classBody { bindName() }
      return readHeader(of: frame)
    }
  }

  /// The block that a word opens if its header holds no condition.
  private mutating func frame(for word: TokenWord, after end: Int, at column: Int) -> SourceFrame? {
    let outer = circumstance
    switch word {
    case TokenWord("class"):
      return SourceFrame(
        role: .classBody, column: column, outer: outer, inner: outer.classBody)
    case TokenWord("for"):
      return SourceFrame(
        role: .loop, column: column, outer: outer, inner: outer.conditional.guarded)
    case TokenWord("with"):
      return SourceFrame(role: .with, column: column, outer: outer, inner: outer.guarded)
    case TokenWord("try"):
      attempts &+= 1
      return SourceFrame(
        role: .attempt, column: column, outer: outer, inner: outer.tried(by: attempts),
        attempt: attempts)
    case TokenWord("except"):
      let attempt = sibling?.attempt ?? 0
      return SourceFrame(
        role: .rescue, column: column, outer: outer, inner: outer.rescued(from: attempt),
        attempt: attempt)
    case TokenWord("else"):
      return elseFrame(outer, at: column)
    case TokenWord("finally"):
      return SourceFrame(role: .other, column: column, outer: outer, inner: outer.guarded)
    default:
      return nil
    }
  }

  /// The block of an `else`, which means what the block before it says.
  private func elseFrame(_ outer: Circumstance, at column: Int) -> SourceFrame {
    guard var sibling else {
      return SourceFrame(role: .other, column: column, outer: outer, inner: outer.conditional)
    }
    let inner: Circumstance
    switch sibling.role {
    case .branch: inner = sibling.chain.branch(if: true, in: outer)
    case .loop: inner = outer.conditional.guarded
    // The body of the `try` has succeeded, as it does for whoever has installed what it imports.
    default: inner = outer.guarded
    }
    return SourceFrame(
      role: .other, column: column, outer: outer, inner: inner, attempt: sibling.attempt)
  }

  /// Reads `if`, `elif` or `while` with its condition.
  private mutating func readBranch(_ word: TokenWord, at column: Int) -> StatementEnd {
    let outer = circumstance
    var condition = SourceCondition(cursor, facts: facts, asMain: asMain)
    let truth = condition.evaluate()
    cursor.budget = condition.cursor.budget
    guard cursor.charge(condition.cursor.position &- cursor.position) else { return .line }
    var chain = BranchChain()
    if word == TokenWord("elif"), let sibling, sibling.role == .branch { chain = sibling.chain }
    var inner = chain.branch(if: truth, in: outer)
    let isLoop = word == TokenWord("while")
    if isLoop { inner = inner.guarded }
    let role: SourceFrame.Role = isLoop && truth != false ? .loop : .branch
    return readHeader(
      of: SourceFrame(role: role, column: column, outer: outer, inner: inner, chain: chain))
  }

  /// Reads the rest of a header, and opens its block.
  private mutating func readHeader(of frame: SourceFrame) -> StatementEnd {
    closeBlock()
    let last = walk(toColon: true)
    guard last.kind == .colon else { return last.kind == .semicolon ? .semicolon : .line }
    open(frame)
    return endsLine() ? skipRest() : .semicolon
  }

  /// Whether nothing but a comment follows on the line.
  private mutating func endsLine() -> Bool {
    cursor.skipSpaces()
    switch cursor.byte(at: cursor.position) {
    case UInt8(ascii: "#"), TokenByte.newline, TokenByte.carriageReturn, 0: return true
    default: return false
    }
  }

  /// Reads `async def`, `async for` or `async with` as if `async` were not there.
  private mutating func readAsync(_ end: Int, at column: Int) -> StatementEnd? {
    let mark = cursor.mark
    cursor.position = end
    cursor.skipSpaces()
    let start = cursor.position
    let nextEnd = cursor.identifierEnd(from: start)
    switch cursor.word(start, nextEnd) {
    case TokenWord("def"), TokenWord("for"), TokenWord("with"):
      return readCompound(start, nextEnd, at: column)
    default:
      cursor.reset(to: mark)
      return nil
    }
  }

  /// Reads `match` or `case`, which are keywords only in the header of a block.
  private mutating func readMatch(_ word: TokenWord, _ end: Int, at column: Int) -> StatementEnd? {
    let isCase = word == TokenWord("case")
    if isCase, frames.last?.role != .match { return nil }
    let mark = cursor.mark
    cursor.position = end
    cursor.skipSpaces()
    let body = cursor.mark
    let last = walk(toColon: true, records: false)
    // `match: int` is an annotation, `match x:` with something behind it is not Python.
    guard last.kind == .colon, last.start > body.position, isCase || endsLine() else {
      cursor.reset(to: mark)
      return nil
    }
    cursor.reset(to: body)
    let outer = circumstance
    return readHeader(
      of: SourceFrame(
        role: isCase ? .other : .match, column: column, outer: outer,
        inner: isCase ? outer.conditional.guarded : outer.guarded))
  }
}
