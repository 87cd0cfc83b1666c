import Foundation

/// A mount namespace of our own, so that a directory can be mounted over itself unseen by others.
enum Namespace {
  private static let mark = "IMPORTAHEAD_BENCH_NAMESPACE"

  /// Why there is none, when there is none.
  static var absence: String? {
    getenv(mark) == nil ? "no private mount namespace (needs root or user namespaces)" : nil
  }

  /// Starts this command again inside a namespace where that is possible; returns otherwise.
  static func enter() {
    guard getenv(mark) == nil, let unshare = find("unshare") else { return }
    var words = [unshare, "--mount", "--propagation", "private"]
    if geteuid() != 0 { words.append("--map-root-user") }
    guard (try? run(words + ["true"])) != nil else { return }
    setenv(mark, "1", 1)
    var argv = (words + ["--", "/proc/self/exe"] + CommandLine.arguments.dropFirst())
      .map { strdup($0) }
    argv[words.count + 1] = strdup(sibling("bench"))
    argv.append(nil)
    execv(unshare, argv)
    unsetenv(mark)
  }
}
