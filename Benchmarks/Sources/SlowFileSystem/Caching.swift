/// What the kernel may remember about this file system, and for how long.
public struct Caching: Sendable, Equatable {
  /// Seconds for which a status is trusted.
  public var attributes: Double
  /// Seconds for which the status of a directory is trusted.
  public var directoryAttributes: Double
  /// Seconds for which a name is known to exist.
  public var entries: Double
  /// Seconds for which a name is known not to exist.
  public var negatives: Double
  /// Whether pages of a file outlive its last close, as long as its mtime and size stand.
  public var keepsPages: Bool
  /// Whether a directory's listing outlives its last close.
  public var keepsListings: Bool
  /// Whether the target of a symbolic link is kept, until its status is asked for anew.
  public var keepsLinks: Bool

  /// libfuse's defaults: a second for names and status, no negative entries, pages dropped by open.
  public static let fuse = Caching(
    attributes: 1, directoryAttributes: 1, entries: 1, negatives: 0,
    keepsPages: false, keepsListings: false, keepsLinks: false)

  /// An NFS client's defaults: acregmin 3, acdirmin 30, lookupcache=all, close-to-open pages.
  public static let nfs = Caching(
    attributes: 3, directoryAttributes: 30, entries: 30, negatives: 30,
    keepsPages: true, keepsListings: true, keepsLinks: true)

  /// Nothing remembered: every question reaches the file system.
  public static let none = Caching(
    attributes: 0, directoryAttributes: 0, entries: 0, negatives: 0,
    keepsPages: false, keepsListings: false, keepsLinks: false)
}
