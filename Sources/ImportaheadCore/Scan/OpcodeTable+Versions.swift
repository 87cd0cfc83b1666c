// The opcode numbers of each version, from its own Lib/opcode.py or Include/opcode_ids.h.

extension OpcodeTable {
  /// CPython 3.9 and 3.10, which differ in one number.
  mutating func add39(reraise: UInt8) {
    addCommonUntil312()
    add(.duplicate, 4)
    add(.rotateTwo, 2)
    add(.loadUnknown, 135, 136)  // LOAD_CLOSURE, LOAD_DEREF
    add(.loadMethod, 160)
    add(.callFunction, 131)
    add(.callMethod, 161)
    add(.callKeywords, 141)
    add(.importStar, 84)
    add(.jumpAbsolute, 113)
    add(.popJumpIfFalse, 114)
    add(.popJumpIfTrue, 115)
    add(.jumpIfFalseOrPop, 111)
    add(.jumpIfTrueOrPop, 112)
    add(.branchAbsolute, 121)  // JUMP_IF_NOT_EXC_MATCH
    add(.setupFinally, 122)
    add(.setupWith, 143, 154)  // SETUP_WITH, SETUP_ASYNC_WITH
    add(.raise, reraise)
  }

  /// CPython 3.11.
  mutating func add311() {
    addCommonUntil312()
    add311And312()
    add(.nothing, 166)  // PRECALL
    add(.loadMethod, 160)
    add(.importStar, 84)
    add(.popJumpBackwardIfNotNone, 173)
    add(.popJumpBackwardIfNone, 174)
    add(.popJumpBackwardIfFalse, 175)
    add(.popJumpBackwardIfTrue, 176)
    add(.jumpIfFalseOrPop, 111)
    add(.jumpIfTrueOrPop, 112)
  }

  /// CPython 3.12.
  mutating func add312() {
    addCommonUntil312()
    add311And312()
    add(.loadUnknown, 87)  // LOAD_LOCALS
    add(.loadLocal, 127)  // LOAD_FAST_CHECK
    add(.sliceSubscript, 26)
    add(.intrinsic, 173)
    add(.returnValue, 121)  // RETURN_CONST
  }

  /// CPython 3.13.
  mutating func add313() {
    add(.cache, 0)
    add(.nothing, 30, 149, 40, 62, 94, 67, 37)  // NOP RESUME TO_BOOL COPY_FREE_VARS MAKE_CELL …
    add(.extendedArgument, 71)
    add(.popTop, 32)
    add(.pushNull, 34)
    add(.loadConstant, 83)
    add(.loadName, 92)
    add(.loadGlobal, 91)
    add(.loadAttribute, 82)
    add(.loadLocal, 85, 87)
    add(.loadUnknown, 84, 25, 23)  // LOAD_DEREF, LOAD_LOCALS, LOAD_ASSERTION_ERROR
    add(.loadBuildClass, 24)
    add(.storeName, 114)
    add(.storeGlobal, 113)
    add(.storeLocal, 110)
    add(.importName, 75)
    add(.importFrom, 74)
    add(.intrinsic, 55)
    add(.makeFunction, 26)
    add(.setFunctionAttribute, 106)
    add(.call, 53)
    add(.callKeywords, 57)
    add(.compare, 58)
    add(.testIdentity, 76)
    add(.testContains, 59)
    add(.not, 43)
    add(.subscript_, 5)
    add(.binary, 45)
    add(.sliceSubscript, 4)
    add(.buildSlice, 50)
    add(.buildTuple, 52)
    add(.getIterator, 19)
    add(.forIterator, 72)
    add(.copy, 61)
    add(.swap, 115)
    add(.jumpForward, 79)
    add(.jumpBackward, 77, 78)
    add(.popJumpIfFalse, 97)
    add(.popJumpIfTrue, 100)
    add(.popJumpIfNone, 98)
    add(.popJumpIfNotNone, 99)
    add(.branchForward, 104)  // SEND
    add(.withExceptStart, 44)
    add(.returnValue, 36, 103)
    add(.raise, 101, 102)
  }

  /// CPython 3.14.
  mutating func add314() {
    add(.cache, 0)
    add(.nothing, 27, 28, 128, 39, 60, 97, 65, 36)  // NOP NOT_TAKEN RESUME TO_BOOL MAKE_CELL …
    add(.extendedArgument, 69)
    add(.popTop, 31)
    add(.pushNull, 33)
    add(.loadConstant, 82)
    add(.loadSmallInteger, 94)
    add(.loadName, 93)
    add(.loadGlobal, 92)
    add(.loadAttribute, 80)
    add(.loadLocal, 84, 86, 88)
    add(.loadUnknown, 83, 22, 81)  // LOAD_DEREF, LOAD_LOCALS, LOAD_COMMON_CONSTANT
    add(.loadBuildClass, 21)
    add(.storeName, 116)
    add(.storeGlobal, 115)
    add(.storeLocal, 112)
    add(.importName, 73)
    add(.importFrom, 72)
    add(.intrinsic, 53)
    add(.makeFunction, 23)
    add(.setFunctionAttribute, 108)
    add(.call, 52)
    add(.callKeywords, 55)
    add(.compare, 56)
    add(.testIdentity, 74)
    add(.testContains, 57)
    add(.not, 42)
    add(.binary, 44)
    add(.sliceSubscript, 1)
    add(.buildSlice, 49)
    add(.buildTuple, 51)
    add(.getIterator, 16)
    add(.forIterator, 70)
    add(.copy, 59)
    add(.swap, 117)
    add(.jumpForward, 77)
    add(.jumpBackward, 75, 76)
    add(.popJumpIfFalse, 100)
    add(.popJumpIfTrue, 103)
    add(.popJumpIfNone, 101)
    add(.popJumpIfNotNone, 102)
    add(.branchForward, 106)  // SEND
    add(.withExceptStart, 43)
    add(.returnValue, 35)
    add(.raise, 104, 105)
  }

  /// The numbers that stayed the same from 3.9 to 3.12.
  private mutating func addCommonUntil312() {
    add(.nothing, 9, 91, 85)  // NOP, DELETE_NAME, SETUP_ANNOTATIONS
    add(.extendedArgument, 144)
    add(.popTop, 1)
    add(.loadConstant, 100)
    add(.loadName, 101)
    add(.loadGlobal, 116)
    add(.loadAttribute, 106)
    add(.loadLocal, 124)
    add(.loadUnknown, 74)  // LOAD_ASSERTION_ERROR
    add(.loadBuildClass, 71)
    add(.storeName, 90)
    add(.storeGlobal, 97)
    add(.storeLocal, 125)
    add(.importName, 108)
    add(.importFrom, 109)
    add(.makeFunction, 132)
    add(.compare, 107)
    add(.testIdentity, 117)
    add(.testContains, 118)
    add(.not, 12)
    add(.subscript_, 25)
    add(.buildSlice, 133)
    add(.buildTuple, 102)
    add(.getIterator, 68)
    add(.forIterator, 93)
    add(.jumpForward, 110)
    add(.withExceptStart, 49)
    add(.returnValue, 83)
    add(.raise, 130)
  }

  /// What 3.11 and 3.12 share beyond that.
  private mutating func add311And312() {
    add(.cache, 0)
    add(.nothing, 151, 149, 135, 172)  // RESUME COPY_FREE_VARS MAKE_CELL KW_NAMES
    add(.pushNull, 2)
    add(.loadUnknown, 136, 137)  // LOAD_CLOSURE, LOAD_DEREF
    add(.call, 171)
    add(.copy, 120)
    add(.swap, 99)
    add(.jumpBackward, 140, 134)
    add(.popJumpIfFalse, 114)
    add(.popJumpIfTrue, 115)
    add(.popJumpIfNotNone, 128)
    add(.popJumpIfNone, 129)
    add(.branchForward, 123)  // SEND
    add(.raise, 119)  // RERAISE
  }
}
