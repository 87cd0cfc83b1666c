internal import CLinux

/// What `make build` left: this program, the tool and the Python side, found from where this program's
/// own file really is.
struct Distribution {
  /// The directory that goes on PYTHONPATH.
  let directory: [UInt8]

  /// Finds the directory; `nil` where the Python side is not there or cannot be named.
  init?() {
    guard let root = Self.root else { return nil }
    directory = root + [UInt8]("/python")
    let hook = (directory + [UInt8]("/sitecustomize.py")).withTerminator
    guard !directory.contains(UInt8(ascii: ":")), unsafe access(hook, R_OK) == 0 else { return nil }
  }

  /// PYTHONPATH with the directory in front; an empty element would be the current directory.
  var searchPath: [UInt8] {
    guard let existing = Variable.value("PYTHONPATH"), !existing.isEmpty else { return directory }
    let colon = UInt8(ascii: ":")
    if existing.prefix(while: { $0 != colon }).elementsEqual(directory) { return existing }
    return directory + [colon] + existing
  }

  /// The directory above the one this program lies in.
  static var root: [UInt8]? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let size = buffer.count
    let count = unsafe readlink("/proc/self/exe", &buffer, size)
    guard count > 0, count < size else { return nil }
    var path = buffer[..<count].map { UInt8(bitPattern: $0) }
    for _ in 0..<2 {
      guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return nil }
      path = Array(path[..<slash])
    }
    return path
  }
}

/// The tool: every command but a plain `run`.
enum Tool {
  /// Replaces this process by the tool, with the words it was started with.
  static func become(_ words: Words) -> Never {
    let path = (Distribution.root ?? []) + [UInt8]("/libexec/importahead")
    words.execute(path)
    let code = importahead_errno()
    var line = [UInt8]("importahead: ") + path + [UInt8](": ")
    if let reason = unsafe strerror(code) { line += unsafe bytes(of: reason) }
    line.append(UInt8(ascii: "\n"))
    _ = unsafe write(STDERR_FILENO, line, line.count)
    exit(code == ENOENT ? 127 : 126)
  }
}
