extension Session {
  /// Keeps what the program needed for its next run; called when it ends.
  public func saveProfile() {
    guard let profile, rights.areHeld else { return }
    profile.expectEnd()
    // Only the session's thread can tell what has been opened; nobody needs it any more.
    if profile.isWatching { stop(milliseconds: 100) }
    guard let needs = cache.needs else { return }
    profile.saveAtEnd(needs, renewsPages: cache.statistics.pagesStale > 0)
  }

  /// Keeps what the program's destructors have touched; called when they have run.
  public func saveEndOfProfile() {
    guard let profile, rights.areHeld else { return }
    profile.saveEnd()
  }

  /// Notes an extension module that `locate` did not lead to: no loader of ours is asked for it.
  public func note(native path: [UInt8]) { cache.note(native: path) }

  /// Keeps what the program has needed so far if that is much more than the profile knows.
  func saveGrowingProfile() {
    guard let profile, rights.areHeldByProgram, let needs = cache.needs else { return }
    profile.save(growing: needs)
  }

  /// What the session has done so far.
  public var statistics: Statistics {
    var counts = cache.statistics
    guard let profile else { return counts }
    counts.profileState = profile.state.rawValue
    let use = profile.use(of: cache.needs ?? [])
    counts.profileFiles = use.files
    counts.profileUsed = use.used
    return counts
  }
}
