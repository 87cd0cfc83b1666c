internal import FoundationEssentials
internal import Glibc

/// Changes to files, each failing with the path and the system's own words.
enum FileTree {
  /// Makes a directory; its parent must exist.
  static func makeDirectory(_ path: String) throws {
    guard unsafe mkdir(path, 0o755) == 0 else { throw Failure(path, errorNumber: errno) }
  }

  /// Copies a regular file, with the permissions of any installed file.
  static func copy(_ source: String, to target: String) throws {
    guard let contents = FileManager.default.contents(atPath: source) else {
      throw Failure("\(source): cannot be read")
    }
    try write(Array(contents), to: target)
  }

  /// Puts `bytes` at `path` in one step: a reader sees the old file or the new one.
  static func write(_ bytes: [UInt8], to path: String) throws {
    try write(bytes, to: path, by: "\(path).part", O_TRUNC)
  }

  /// Likewise, in a directory where others may have put something in the way.
  static func replace(_ path: String, with bytes: [UInt8]) throws {
    let stamp = UInt64.random(in: 0...UInt64.max)
    try write(bytes, to: path, by: "\(path).part-\(stamp)", O_EXCL | O_NOFOLLOW)
  }

  private static func write(
    _ bytes: [UInt8], to path: String, by part: String, _ how: Int32
  ) throws {
    let flags = O_WRONLY | O_CREAT | O_CLOEXEC | how
    let descriptor = unsafe open(part, flags, 0o644)
    guard descriptor >= 0 else { throw Failure(path, errorNumber: errno) }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { bytes in
        unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count)
      }
      guard count > 0 || errno == EINTR else { break }
      rest = rest.dropFirst(max(0, count))
    }
    let code = errno
    guard close(descriptor) == 0, rest.isEmpty else {
      _ = unsafe unlink(part)
      throw Failure(path, errorNumber: rest.isEmpty ? errno : code)
    }
    try move(part, to: path)
  }

  /// Renames a file or directory over `target`.
  static func move(_ source: String, to target: String) throws {
    guard unsafe rename(source, target) == 0 else { throw Failure(target, errorNumber: errno) }
  }

  /// Removes a file or a directory with all it holds; what is not there is no failure.
  static func remove(_ path: String) throws {
    guard exists(path) else { return }
    do {
      try FileManager.default.removeItem(atPath: path)
    } catch {
      throw Failure("\(path): cannot be removed")
    }
  }

  /// Whether anything is at `path`, a dangling link included.
  static func exists(_ path: String) -> Bool {
    var status = stat()
    return unsafe lstat(path, &status) == 0
  }
}
