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

  /// `path` made absolute, and otherwise left as it is.
  static func absolute(_ path: [UInt8]) -> [UInt8] {
    path.first == PathBytes.slash ? path : PathBytes.join(current ?? [], path)
  }

  /// The file that `path` leads to, every symbolic link followed; `nil` where there is none.
  static func resolved(_ path: [UInt8]) -> [UInt8]? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) &+ 1)
    let isThere = unsafe CPath(path).withPointer { unsafe realpath($0, &buffer) != nil }
    guard isThere else { return nil }
    return buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
  }
}
