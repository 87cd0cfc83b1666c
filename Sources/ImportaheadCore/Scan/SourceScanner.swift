/// Finds the imports that a Python source file makes while it is evaluated.
///
/// Reads just enough of Python to tell statements apart, so it is linear in the size of the source
/// (`ScanBudget`), never fails, and needs no memory but for what it finds. A file that is not Python yields what was
/// found up to the place where that shows.
@safe
public struct SourceScanner: ~Escapable {
  var cursor: TokenCursor
  let facts: InterpreterFacts
  let asMain: Bool
  var found = ImportScan()
  var frames: [SourceFrame] = []
  /// The block that ended just before this line, at the same column: `else` belongs to it.
  var sibling: SourceFrame?
  /// How many `try` statements there were.
  var attempts = 0
  /// Whether the module has certainly been left by an exception.
  var isLeft = false
  /// The module's functions that hold imports, in the order of their definitions.
  var functions: [SourceFunction] = []
  /// The function whose body is being skipped, until an import is seen in it.
  var candidate: SourceFunction?
  /// How many calls deep the scanner is.
  var calls = 0
  private var block = -1
  private var blockIsOpen = false

  /// CPython accepts no more than a hundred levels of indentation.
  private static let frameLimit = 128

  /// Scans the bytes of a source file; `asMain` if it is run as a script.
  public static func scan(
    _ bytes: RawSpan, facts: InterpreterFacts, asMain: Bool = false
  ) -> ImportScan {
    // SAFETY: every bit pattern is a valid UInt8, and the view lives as long as the bytes.
    let source = unsafe bytes._unsafeView(as: UInt8.self)
    switch SourceEncoding(of: source) {
    case .foreign:
      return ImportScan()
    case .asciiCompatible:
      return scan(source, facts: facts, asMain: asMain)
    case .doubleByte:
      let masked = SourceEncoding.maskDoubleBytes(of: source)
      return scan(masked.span, facts: facts, asMain: asMain)
    }
  }

  private static func scan(
    _ source: Span<UInt8>, facts: InterpreterFacts, asMain: Bool
  ) -> ImportScan {
    var scanner = SourceScanner(source, facts: facts, asMain: asMain)
    scanner.readLines(rightOf: -1)
    if scanner.cursor.budget.spend(sorting: scanner.found.bindings.count) {
      scanner.found.bindings = uniqueNames(scanner.found.bindings)
    }
    scanner.found.steps = scanner.cursor.budget.spent
    scanner.found.isCut = scanner.cursor.budget.isSpent
    return scanner.found
  }

  @_lifetime(copy source)
  private init(_ source: Span<UInt8>, facts: InterpreterFacts, asMain: Bool) {
    let nestsFormatted = facts.version.major > 3 || facts.version.minor >= 12
    cursor = TokenCursor(source, nestsFormatted: nestsFormatted)
    cursor.position = SourceEncoding.markSize(of: source)
    self.facts = facts
    self.asMain = asMain
  }

  /// Reads the lines from here on, up to one that is not right of a column.
  mutating func readLines(rightOf margin: Int) {
    while true {
      let column = cursor.skipIndentation()
      if cursor.isAtEnd || column <= margin { return }
      closeFrames(at: column)
      if let frame = frames.last, frame.role == .function {
        skipBodyLine()
      } else {
        while readStatement(at: column) == .semicolon {}
      }
    }
  }

  private mutating func closeFrames(at column: Int) {
    sibling = nil
    while let frame = frames.last, frame.column >= column {
      sibling = frame.column == column ? frame : nil
      frames.removeLast()
      closeBlock()
    }
  }

  /// Opens a block, or gives up where CPython would.
  mutating func open(_ frame: SourceFrame) {
    closeBlock()
    guard frames.count < Self.frameLimit else { return cursor.stop() }
    frames.append(frame)
  }

  /// Ends a run of consecutive imports.
  mutating func closeBlock() { blockIsOpen = false }

  /// The circumstances at this place.
  var circumstance: Circumstance {
    let here = frames.last?.inner ?? Circumstance()
    return isLeft ? here.never : here
  }

  /// Records an import that stands here.
  mutating func record(_ statement: consuming ImportStatement) {
    guard cursor.charge(ScanBudget.perStatement) else { return }
    let here = circumstance
    if !blockIsOpen {
      block &+= 1
      blockIsOpen = true
    }
    statement.block = block
    statement.attempt = here.attempt
    statement.isCalled = here.isCalled
    if here.kind == .never || statement.kind != .lazy {
      statement.kind = here.kind
      statement.fallbackOf = here.fallbackOf
    }
    found.statements.append(statement)
  }

  /// Records a name that the module binds, if it is the module's own and not behind a fallback.
  mutating func bind(_ start: Int, _ end: Int) {
    let here = circumstance
    guard here.isModuleScope, here.kind == .eager || here.kind == .conditional else { return }
    let name = cursor.keep(start, end)
    if !name.isEmpty { found.bindings.append(name) }
  }

  /// Sorts names and drops the duplicates.
  private static func uniqueNames(_ names: [[UInt8]]) -> [[UInt8]] {
    guard names.count > 1 else { return names }
    let sorted = names.sorted { $0.lexicographicallyPrecedes($1) }
    var unique: [[UInt8]] = []
    unique.reserveCapacity(sorted.count)
    for name in sorted where unique.last != name { unique.append(name) }
    return unique
  }
}
