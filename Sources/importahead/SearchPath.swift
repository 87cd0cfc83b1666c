/// The value of PYTHONPATH with one directory put in front.
struct SearchPath {
  private static let separator = UInt8(ascii: ":")

  /// The new value.
  let value: ByteString

  /// Puts `directory` before whatever `existing` holds.
  ///
  /// An empty variable means the same as none: joining it would add an empty element, which Python
  /// reads as the current directory. Fails when the directory's name holds a colon.
  init(prepending directory: ByteString, to existing: ByteString?) throws {
    guard !directory.bytes.contains(Self.separator) else {
      throw Failure("\(directory.text): PYTHONPATH cannot name a directory with a colon in it")
    }
    guard let existing, !existing.bytes.isEmpty else {
      value = directory
      return
    }
    let first = existing.bytes.prefix { $0 != Self.separator }
    guard Array(first) != directory.bytes else {
      value = existing
      return
    }
    value = ByteString(directory.bytes + [Self.separator] + existing.bytes)
  }
}
