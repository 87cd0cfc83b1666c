import FoundationEssentials
import Glibc

/// A directory of a test's own, removed with the object.
final class TemporaryTree: Sendable {
  /// Where it is, symbolic links resolved.
  let root: String

  /// Makes an empty one.
  init() throws {
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = "\(folder)/importahead-core-XXXXXX".utf8CString.map { $0 }
    guard mkdtemp(&template) != nil, let resolved = realpath(template, nil) else {
      throw Failure(code: errno)
    }
    defer { free(resolved) }
    root = String(cString: resolved)
  }

  deinit { remove() }

  /// Why a tree could not be made.
  struct Failure: Error { let code: Int32 }

  /// Removes it now.
  func remove() { try? FileManager.default.removeItem(atPath: root) }

  /// The path of a file below the root.
  func path(_ name: String) -> String { name.isEmpty ? root : "\(root)/\(name)" }

  /// The path of a file below the root, as the core takes it.
  func bytes(_ name: String) -> [UInt8] { Array(path(name).utf8) }

  /// Writes a file, with the directories it needs.
  func write(_ name: String, _ contents: [UInt8]) throws {
    if let slash = name.lastIndex(of: "/") { try makeDirectory(String(name[..<slash])) }
    let descriptor = open(path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Failure(code: errno) }
    defer { close(descriptor) }
    var written = 0
    while written < contents.count {
      let count = contents.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), contents.count - written)
      }
      guard count > 0 else { throw Failure(code: errno) }
      written += count
    }
  }

  /// Writes a file of text, with the directories it needs.
  func write(_ name: String, _ text: String = "") throws { try write(name, Array(text.utf8)) }

  /// Makes a directory, with those above it.
  func makeDirectory(_ name: String) throws {
    try FileManager.default.createDirectory(
      atPath: path(name), withIntermediateDirectories: true)
  }

  /// Makes a symbolic link.
  func link(_ name: String, to target: String) throws {
    guard symlink(target, path(name)) == 0 else { throw Failure(code: errno) }
  }

  /// Sets the time of last modification, in nanoseconds since the epoch.
  func touch(_ name: String, seconds: Int, nanoseconds: Int = 0) throws {
    let time = timespec(tv_sec: seconds, tv_nsec: nanoseconds)
    let times = [time, time]
    guard utimensat(AT_FDCWD, path(name), times, 0) == 0 else { throw Failure(code: errno) }
  }
}
