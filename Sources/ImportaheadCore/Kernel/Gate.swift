internal import CLinux

/// What decides, on the thread that imports, whether bytes in memory may stand for a file: the calls that
/// decide in stock.
///
/// open(2) does: Landlock, capabilities, security modules, fanotify(7) and whatever stands in libc's place
/// are heard by asking them. Where opening takes a round trip to a server, stat(2) decides, as long as the
/// rights are those that the file was read with.
struct Gate: @unchecked Sendable {
  /// What is known of the file systems that files were read from.
  let fileSystems: KnownFileSystems
  /// Those that the session began with; without them everything is opened.
  let rights: InitialRights?

  init(
    fileSystems: KnownFileSystems = KnownFileSystems(), rights: InitialRights? = nil
  ) {
    self.fileSystems = fileSystems
    self.rights = rights
  }

  /// Whether the file at `path` may be opened, or may still be, and is as it was read.
  func admits(file path: [UInt8], as status: FileStatus) -> Bool {
    let name = CPath(path)
    guard fileSystems.asksServer(status.device) else {
      return (try? FileStatus(opening: name)) == status
    }
    // Before anything that a filter may not know.
    guard rights?.areHeld == true else { return false }
    return Self.look(name) == status
  }

  /// stat(2), but for the time of last access, which a read has made stale, where nobody is to hear of it.
  private static func look(_ name: CPath) -> FileStatus? {
    FileStatus.isReplaced ? try? FileStatus(looking: name) : try? FileStatus(path: name)
  }

  /// Whether the directory of a listing is as it was listed; if `isListed`, stock would list it now, so
  /// that it must be one that may be opened.
  func admits(_ listing: DirectoryListing, isListed: Bool) -> Bool {
    let name = CPath(listing.path)
    guard isListed, !fileSystems.asksServer(listing.status.device) else {
      return (try? FileStatus(looking: name)) == listing.status
    }
    let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
    return (try? FileStatus(opening: name, flags)) == listing.status
  }
}
