// A libFuzzer target for the bytecode scanner; `Tests/Fuzz/run` compiles it with the core's sources.

/// Scans the bytes libFuzzer made up: nothing may trap, recurse without end or take more steps than
/// there are for so many bytes, and what is found must make sense.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzBytecode(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let start else { return 0 }
  let bytes = RawSpan(_unsafeStart: UnsafeRawPointer(start), byteCount: count)
  let facts = InterpreterFacts(version: (3, 14, 1))
  guard let scan = BytecodeScanner.scan(bytes, facts: facts, asMain: count % 2 == 0) else {
    return 0
  }
  precondition(scan.steps <= 16 * count + 4097)
  for statement in scan.statements {
    precondition(statement.level >= 0)
    precondition((statement.fallbackOf == 0) == (statement.kind != .fallback))
  }
  return 0
}
