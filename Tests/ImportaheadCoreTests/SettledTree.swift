import FoundationEssentials
import Glibc

@testable import ImportaheadCore

/// Files that are old enough to be served: made once, and then waited for.
///
/// The time of a file's last status change cannot be set, so that a test cannot do without waiting.
enum SettledTree {
  /// The tree, or why there is none.
  static let shared: Result<TemporaryTree, any Error> = Result {
    let tree = try TemporaryTree()
    try writeFiles(to: tree)
    try PlanCase.all.forEach { try $0.write(to: tree) }
    usleep(UInt32(FileStatus.racyWindow / 1000 + 100_000))
    atexit { try? SettledTree.shared.get().remove() }
    return tree
  }

  /// What each kind of file is called below `files`.
  static let names = [
    "normal", "empty", "limit", "large", "missing", "directory", "pipe", "unreadable", "link",
    "broken", "loop", "normal/below", "socketless/\u{e9}",
  ]

  private static func writeFiles(to tree: TemporaryTree) throws {
    try tree.write("files/normal", (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
    try tree.write("files/empty")
    try tree.write("files/limit", [UInt8](repeating: 1, count: 8000))
    try tree.write("files/large", [UInt8](repeating: 2, count: 8001))
    try tree.makeDirectory("files/directory")
    guard mkfifo(tree.path("files/pipe"), 0o644) == 0 else {
      throw TemporaryTree.Failure(code: errno)
    }
    try tree.write("files/unreadable", "secret")
    chmod(tree.path("files/unreadable"), 0)
    try tree.link("files/link", to: "normal")
    try tree.link("files/broken", to: "nowhere")
    try tree.link("files/loop", to: "loop")
    for number in 0..<500 {
      try tree.write("many/\(number)", [UInt8](repeating: UInt8(number % 251), count: number * 9))
    }
  }
}
