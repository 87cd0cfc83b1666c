internal import CLinux

/// The directory that relative paths start from.
enum WorkingDirectory {
  /// Its path; `nil` where it has been removed or cannot be reached.
  static var current: [UInt8]? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let size = buffer.count
    guard unsafe getcwd(&buffer, size) != nil else { return nil }
    return buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
  }

  /// `path` made absolute and normalised, as `os.path.abspath` does.
  static func absolute(_ path: [UInt8]) -> [UInt8] {
    guard path.first != PathBytes.slash else { return PathBytes.normalised(path) }
    return PathBytes.normalised(PathBytes.join(current ?? [], path))
  }

  /// Where the symbolic link at `path` points; `nil` for anything else.
  static func linkTarget(of path: [UInt8]) -> [UInt8]? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let size = buffer.count
    let count = unsafe readlink(CPath(path).pointer, &buffer, size)
    guard count > 0 else { return nil }
    return buffer.prefix(count).map { UInt8(bitPattern: $0) }
  }
}
