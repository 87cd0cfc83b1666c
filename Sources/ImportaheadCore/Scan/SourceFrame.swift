/// Under which circumstances the statements of a block run.
struct Circumstance {
  /// The kind of an import that stands here.
  var kind = ImportKind.eager
  /// The innermost `try` body around, or 0.
  var attempt = 0
  /// The `try` body whose failure leads here, or 0.
  var fallbackOf = 0
  /// Whether names bound here are the module's own.
  var isModuleScope = true
  /// Whether an exception raised here certainly leaves the module.
  var leavesModule = true
  /// Whether this is in a function that is called.
  var isCalled = false

  /// These circumstances behind one more condition that cannot be evaluated.
  var conditional: Circumstance {
    var inner = self
    if kind == .eager { inner.kind = .conditional }
    return inner
  }

  /// These circumstances where a condition is constant and false.
  var never: Circumstance {
    var inner = self
    inner.kind = .never
    inner.fallbackOf = 0
    return inner
  }

  /// These circumstances in a block that may hold back or repeat what is raised in it.
  var guarded: Circumstance {
    var inner = self
    inner.leavesModule = false
    return inner
  }

  /// These circumstances in a class body.
  var classBody: Circumstance {
    var inner = guarded
    inner.isModuleScope = false
    return inner
  }

  /// These circumstances in a function that is called here.
  var called: Circumstance {
    var inner = classBody
    inner.isCalled = true
    return inner
  }

  /// These circumstances in the body of `try` number `attempt`.
  func tried(by attempt: Int) -> Circumstance {
    var inner = guarded
    inner.attempt = attempt
    return inner
  }

  /// These circumstances in an `except` clause of `try` number `attempt`.
  func rescued(from attempt: Int) -> Circumstance {
    var inner = guarded
    guard kind != .never else { return inner }
    inner.kind = .fallback
    inner.fallbackOf = attempt
    return inner
  }
}

/// A compound statement whose block the scanner is in.
struct SourceFrame {
  enum Role: UInt8 {
    case function
    case classBody
    case branch
    case loop
    case attempt
    case rescue
    case with
    case match
    case other
  }

  let role: Role
  /// The column of the header: the block ends at the next statement not right of it.
  let column: Int
  /// The circumstances of the compound statement itself.
  let outer: Circumstance
  /// The circumstances in this block.
  let inner: Circumstance
  /// The number of the `try`, in its blocks.
  var attempt = 0
  /// What is known of the conditions so far, in the blocks of an `if`.
  var chain = BranchChain()
}

/// The conditions of an `if` … `elif` … `else` up to some branch.
struct BranchChain {
  /// Whether an earlier branch certainly runs.
  private var isTaken = false
  /// Whether an earlier branch may run.
  private var mayBeTaken = false

  /// The circumstances of the next branch; `condition` is `nil` where it is not known.
  mutating func branch(if condition: Bool?, in outer: Circumstance) -> Circumstance {
    if isTaken || condition == false { return outer.never }
    guard condition == true else {
      mayBeTaken = true
      return outer.conditional
    }
    isTaken = true
    return mayBeTaken ? outer.conditional : outer
  }
}
