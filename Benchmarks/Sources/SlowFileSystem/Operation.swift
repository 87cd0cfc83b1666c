/// A kind of request that reaches the file system.
public enum Operation: Int, CaseIterable, Sendable {
  case lookup
  case getattr
  case readlink
  case open
  case read
  case release
  case opendir
  case readdir
  case releasedir
  case statfs

  /// The name used in counts, traces and options.
  public var name: String { "\(self)" }

  /// Whether the caller waits for the answer; releases are sent and forgotten.
  var isAwaited: Bool { self != .release && self != .releasedir }
}
