extension Statistics {
  /// Every count under the name that Python's `stats()` gives it; times in nanoseconds, states as numbers.
  public var named: [(name: StaticString, value: Int)] {
    [
      ("backend", Int(backend.rawValue)),
      ("hits", hits),
      ("misses", misses),
      ("stale", stale),
      ("waits", waits),
      ("wait_seconds", waitTime),
      ("files_fetched", filesFetched),
      ("bytes_fetched", bytesFetched),
      ("bytes_served", bytesServed),
      ("bytecode_fetched", bytecodeFetched),
      ("sources_fetched", sourcesFetched),
      ("directories_listed", directoriesListed),
      ("bytes_warmed", bytesWarmed),
      ("modules_planned", modulesPlanned),
      ("demands", demands),
      ("rests", rests),
      ("rings", rings),
      ("session_cpu_seconds", processorTime),
      ("session_seconds", sessionTime),
      ("errors", errors),
      ("last_error", Int(lastError)),
      ("profile", profileState),
      ("profile_files", profileFiles),
      ("profile_used", profileUsed),
      ("bundle", bundleState),
      ("bundle_files", bundleFiles),
      ("bundle_used", bundleUsed),
      ("bundle_stale", bundleStale),
    ]
  }
}
