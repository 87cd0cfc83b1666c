/// A function of the module's own that holds imports, and that a call may bring to run.
struct SourceFunction {
  let name: Range<Int>
  /// The column of its `def`.
  let column: Int
  /// The start of its body.
  let body: TokenMark
  var isEntered = false
}

extension SourceScanner {
  /// More functions than this are not followed, so that telling calls apart stays cheap.
  private static let functionLimit = 64
  /// How many functions may call one another.
  private static let callLimit = 8

  /// Reads a function definition: only its defaults run at once.
  mutating func readFunction(at column: Int) -> StatementEnd {
    closeBlock()
    let name = bindName()
    let outer = circumstance
    let mark = cursor.mark
    var sawCall = false
    while cursor.skipStatement(sawCall: &sawCall) == .semicolon {}
    if sawCall {
      cursor.reset(to: mark)
      let last = walk(toColon: true)
      if last.kind == .colon { cursor.skipLogicalLine() }
    }
    open(SourceFrame(role: .function, column: column, outer: outer, inner: outer))
    candidate = nil
    if outer.isModuleScope, functions.count < Self.functionLimit {
      candidate = SourceFunction(name: name, column: column, body: cursor.mark)
    }
    return .line
  }

  /// Moves over the name that a definition binds, and records it.
  @discardableResult
  mutating func bindName() -> Range<Int> {
    cursor.skipSpaces()
    let start = cursor.position
    let end = cursor.identifierEnd(from: start)
    bind(start, end)
    cursor.position = end
    return start..<end
  }

  /// Moves over a line of a function's body; one that holds imports is worth remembering.
  mutating func skipBodyLine() {
    if let function = candidate {
      let start = cursor.position
      let word = cursor.word(start, cursor.identifierEnd(from: start))
      if word == TokenWord("import") || word == TokenWord("from") {
        functions.append(function)
        cursor.seeksCalls = true
        candidate = nil
      }
    }
    cursor.skipLogicalLine()
  }

  /// Reads the body of a function whose name has just been passed, if it is called here.
  ///
  /// Each function is read once, where it is called first: that is where its imports run.
  mutating func follow(_ name: Token) {
    let next = cursor.byte(at: cursor.position)
    guard next == UInt8(ascii: "(") || next == UInt8(ascii: " "), calls < Self.callLimit,
      let index = function(named: name.start..<name.end), !functions[index].isEntered
    else { return }
    let mark = cursor.mark
    guard cursor.next().kind == .open else { return cursor.reset(to: mark) }
    functions[index].isEntered = true
    read(functions[index])
    if !cursor.budget.isSpent { cursor.jump(to: mark) }
  }

  /// The function that a name stands for: of two, the later one.
  private mutating func function(named name: Range<Int>) -> Int? {
    for index in functions.indices.reversed() where functions[index].name.count == name.count {
      guard cursor.charge(name.count) else { return nil }
      if cursor.equal(functions[index].name, name) { return index }
    }
    return nil
  }

  private mutating func read(_ function: SourceFunction) {
    let here = circumstance
    let outside = (frames: frames, sibling: sibling, candidate: candidate)
    closeBlock()
    frames = [
      SourceFrame(role: .other, column: function.column, outer: here, inner: here.called)
    ]
    candidate = nil
    calls &+= 1
    cursor.jump(to: function.body)
    readLines(rightOf: function.column)
    cursor.charge(from: function.body.position)
    calls &-= 1
    (frames, sibling, candidate) = outside
    closeBlock()
  }
}
