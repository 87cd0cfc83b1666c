// A libFuzzer target for the source scanner; `Tests/Fuzz/run` compiles it with the core's sources.

/// Scans the bytes libFuzzer made up: nothing may trap, and what is found must make sense.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSource(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let start else { return 0 }
  let bytes = RawSpan(_unsafeStart: UnsafeRawPointer(start), byteCount: count)
  for minor in [11, 14] {
    let facts = InterpreterFacts(version: (3, minor, 1))
    let scan = SourceScanner.scan(bytes, facts: facts, asMain: minor == 11)
    precondition(scan.steps <= 16 * count + 4097)
    for statement in scan.statements {
      precondition(statement.line > 0)
      precondition(statement.level > 0 || !statement.module.isEmpty)
      precondition(statement.fallbackOf == 0 || statement.kind == .fallback)
    }
  }
  return 0
}
