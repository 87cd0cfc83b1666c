/// Finds the imports in a bytecode file without building objects.
public enum BytecodeScanner {
  /// The imports that evaluating the module in `bytes` makes, header included.
  ///
  /// `nil` when the magic number is not of a version that is known, or the bytes are not what that
  /// version writes. Time and memory are linear in the bytes, whatever they are (`ScanBudget`).
  public static func scan(
    _ bytes: RawSpan, facts: InterpreterFacts, asMain: Bool = false
  ) -> ImportScan? {
    guard let header = BytecodeHeader(bytes), let version = BytecodeVersion(magic: header.magic),
      bytes.byteCount <= Int(Int32.max)
    else { return nil }
    var budget = ScanBudget(bytes: bytes.byteCount)
    guard budget.spend(bytes.byteCount) else { return nil }
    let stream = MarshalStream(bytes)
    var skim = MarshalSkim(stream, from: BytecodeHeader.size, version: version)
    guard skim.run(), skim.index.codes.first.map({ Int($0.start) }) == BytecodeHeader.size else {
      return nil
    }
    var analysis = BytecodeAnalysis(
      MarshalObjects(stream, index: skim.index), version: version, facts: facts, asMain: asMain,
      budget: budget)
    analysis.run()
    return analysis.scan
  }
}
