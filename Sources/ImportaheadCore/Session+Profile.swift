extension Session {
  /// Keeps what the program needed for its next run; called when it ends.
  public func saveProfile() {
    guard let profile, let needs = cache.needs else { return }
    profile.save(needs, atEnd: true, renewsPages: cache.statistics.pagesStale > 0)
  }

  /// Keeps what the program has needed so far if that is much more than the profile knows.
  func saveGrowingProfile() {
    guard let profile, let needs = cache.needs else { return }
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
