/// What an instruction does, as far as imports and the conditions around them depend on it.
///
/// Opcodes are renumbered with every version; these are not.
enum BytecodeOperation: UInt8 {
  /// Anything that is not modelled: what it leaves on the stack is not known.
  case other
  /// Leaves the stack as it is.
  case nothing
  case extendedArgument
  /// Room for the interpreter's own notes, empty in a file.
  case cache
  case loadConstant, loadSmallInteger, loadUnknown, pushNull, loadBuildClass
  case loadName, loadGlobal, loadLocal, loadAttribute, loadMethod
  case storeName, storeGlobal, storeLocal
  case popTop, copy, duplicate, swap, rotateTwo
  case importName, importFrom, importStar, intrinsic
  case makeFunction, setFunctionAttribute
  case call, callFunction, callMethod, callKeywords
  case compare, testIdentity, testContains, not
  case subscript_, binary, sliceSubscript, buildSlice, buildTuple
  case getIterator, forIterator
  case jumpForward, jumpBackward, jumpAbsolute
  case popJumpIfFalse, popJumpIfTrue, popJumpIfNone, popJumpIfNotNone
  case popJumpBackwardIfFalse, popJumpBackwardIfTrue
  case popJumpBackwardIfNone, popJumpBackwardIfNotNone
  case jumpIfFalseOrPop, jumpIfTrueOrPop
  /// Jumps or goes on, for a reason that is never known.
  case branchForward, branchAbsolute
  case setupFinally, setupWith, withExceptStart
  case returnValue, raise
}

/// The opcodes of one CPython version.
struct OpcodeTable {
  /// The version whose opcodes these are.
  let version: BytecodeVersion
  private var operations: [BytecodeOperation]

  /// The table of `version`.
  init(_ version: BytecodeVersion) {
    self.version = version
    operations = [BytecodeOperation](repeating: .other, count: 256)
    switch version {
    case .python39: add39(reraise: 48)
    case .python310: add39(reraise: 119)
    case .python311: add311()
    case .python312: add312()
    case .python313: add313()
    case .python314: add314()
    }
  }

  /// The tables of the versions that are known, made once.
  private static let known: [OpcodeTable] = [
    OpcodeTable(.python39), OpcodeTable(.python310), OpcodeTable(.python311),
    OpcodeTable(.python312), OpcodeTable(.python313), OpcodeTable(.python314),
  ]

  /// The table of `version`.
  static func of(_ version: BytecodeVersion) -> OpcodeTable {
    known[Int(version.rawValue &- BytecodeVersion.python39.rawValue)]
  }

  /// What `opcode` does.
  subscript(opcode: UInt8) -> BytecodeOperation { operations[Int(opcode)] }

  /// Gives `operation` to each of `opcodes`.
  mutating func add(_ operation: BytecodeOperation, _ opcodes: UInt8...) {
    for opcode in opcodes { operations[Int(opcode)] = operation }
  }
}

extension BytecodeOperation {
  /// Whether the argument is a distance or a place in the code.
  var isJump: Bool {
    switch self {
    case .forIterator, .jumpForward, .jumpBackward, .jumpAbsolute, .popJumpIfFalse, .popJumpIfTrue,
      .popJumpIfNone, .popJumpIfNotNone, .popJumpBackwardIfFalse, .popJumpBackwardIfTrue,
      .popJumpBackwardIfNone, .popJumpBackwardIfNotNone, .jumpIfFalseOrPop, .jumpIfTrueOrPop,
      .branchForward, .branchAbsolute, .setupFinally, .setupWith:
      return true
    default:
      return false
    }
  }

  /// Whether the instruction may stand between two imports of one block.
  var continuesBlock: Bool {
    switch self {
    case .nothing, .cache, .extendedArgument, .loadConstant, .loadSmallInteger, .importName,
      .importFrom,
      .importStar, .intrinsic, .popTop, .swap, .rotateTwo:
      return true
    default:
      return false
    }
  }
}
