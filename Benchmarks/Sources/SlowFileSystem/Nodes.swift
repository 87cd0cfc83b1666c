internal import CFuse
internal import Synchronization

/// The numbers the kernel knows files by, and the paths they stand for.
///
/// Nodes are never forgotten: a mount lives for one measurement.
final class Nodes: Sendable {
  private struct State: Sendable {
    var paths: [[UInt8]] = [[], [0x2E]]
    var numbers: [[UInt8]: UInt64] = [[0x2E]: UInt64(FUSE_ROOT_ID)]
  }

  private let state = Mutex(State())

  /// The number of `path`, given on first sight.
  func number(of path: [UInt8]) -> UInt64 {
    state.withLock { state in
      if let known = state.numbers[path] { return known }
      let number = UInt64(state.paths.count)
      state.paths.append(path)
      state.numbers[path] = number
      return number
    }
  }

  /// The path of a node relative to the source, without a terminator.
  func path(of number: UInt64) -> [UInt8] {
    state.withLock { number < $0.paths.count ? $0.paths[Int(number)] : [] }
  }

  /// The path of `name` in the directory `parent`.
  func path(of name: UnsafePointer<CChar>, in parent: UInt64) -> [UInt8] {
    var bytes = parent == UInt64(FUSE_ROOT_ID) ? [] : path(of: parent) + [0x2F]
    var next = name
    while next.pointee != 0 {
      bytes.append(UInt8(bitPattern: next.pointee))
      next += 1
    }
    return bytes
  }
}
