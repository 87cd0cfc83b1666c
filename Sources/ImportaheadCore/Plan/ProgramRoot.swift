/// What a program starts from: the code whose imports are looked for first.
public enum ProgramRoot: Sendable, Equatable {
  /// A script file.
  case script([UInt8])
  /// Source text given on the command line.
  case command([UInt8])
  /// A module run with `-m`, or the `__main__` of a directory.
  case module([UInt8])

  /// Reads the interpreter's own command line, `argv[0]` first; `nil` for an interactive start.
  ///
  /// The options are those of python(1): `-c` and `-m` end them and may close a group of letters.
  public init?(commandLine: [[UInt8]]) {
    var index = 1
    func takeNext() -> [UInt8]? {
      defer { index &+= 1 }
      return index < commandLine.count ? commandLine[index] : nil
    }
    while let argument = takeNext() {
      if argument == Array("--".utf8) {
        guard let script = takeNext() else { return nil }
        self = .script(script)
        return
      }
      guard argument.first == Self.dash else {
        self = .script(argument)
        return
      }
      guard argument.count > 1 else { return nil }
      if argument[1] == Self.dash {
        if argument == Array("--check-hash-based-pycs".utf8) { _ = takeNext() }
        continue
      }
      var place = 1
      while place < argument.count {
        let letter = argument[place]
        place &+= 1
        let rest = Array(argument[place...])
        if letter == UInt8(ascii: "c") || letter == UInt8(ascii: "m") {
          guard let value = rest.isEmpty ? takeNext() : rest else { return nil }
          self = letter == UInt8(ascii: "c") ? .command(value) : .module(value)
          return
        }
        if letter == UInt8(ascii: "W") || letter == UInt8(ascii: "X") {
          if rest.isEmpty { _ = takeNext() }
          place = argument.count
        }
      }
    }
    return nil
  }

  private static let dash = UInt8(ascii: "-")

  /// Makes the paths absolute and finds the path entry that the interpreter will put in front.
  ///
  /// A script's entry is the directory of the file its name leads to, every symbolic link followed; a
  /// directory is its own entry, as it was named. With `isSafe` (`-I`, `-P`) only a directory that is
  /// run has one.
  func located(isSafe: Bool) -> (root: ProgramRoot, entry: [UInt8]?) {
    guard case .script(let name) = self else {
      return (self, isSafe ? nil : WorkingDirectory.current)
    }
    let path = WorkingDirectory.absolute(name)
    // By the call that the interpreter makes itself: what else may be called is not known yet.
    if let status = try? FileStatus(looking: CPath(path)), status.isDirectory {
      return (.module(Array("__main__".utf8)), path)
    }
    if isSafe { return (.script(path), nil) }
    let target = WorkingDirectory.resolved(path) ?? PathBytes.normalised(path)
    let directory = PathBytes.split(target).directory
    return (.script(path), directory.isEmpty ? [PathBytes.slash] : directory)
  }
}
