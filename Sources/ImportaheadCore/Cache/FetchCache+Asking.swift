/// What importing threads ask.
///
/// Each question is answered at once or after a slice of waiting, so that whoever asks can look at signals in
/// between. Nobody waits longer than the file system itself would have him wait.
extension FetchCache {
  /// How long one attempt waits for something in flight, in milliseconds.
  private static let slice = 20
  /// How long the session's thread may be busy with something else while somebody waits, in milliseconds.
  private static let longestSilence = 100

  /// Hands over the bytes of the file at `path`, unless importlib must read it.
  ///
  /// Waits for a file in flight; the caller must not hold the GIL.
  func take(_ path: [UInt8], _ question: inout Question) -> Attempt<FileBytes> {
    let bytes: FileBytes
    let status: FileStatus
    switch claim(path, &question) {
    case .found(let file): (bytes, status) = file
    case .notFound:
      monitor.locked { counters.misses &+= 1 }
      return .notFound
    case .pending: return .pending
    }
    // Strictly fresh: what the file system says now decides, as it would for importlib.
    let isAdmitted = gate.admits(file: path, as: status)
    return monitor.locked {
      guard isAdmitted else {
        counters.stale &+= 1
        counters.misses &+= 1
        return .notFound
      }
      counters.hits &+= 1
      counters.bytesServed &+= bytes.count
      return .found(bytes)
    }
  }

  private func claim(
    _ path: [UInt8], _ question: inout Question
  ) -> Attempt<(FileBytes, FileStatus)> {
    monitor.lock()
    defer { monitor.unlock() }
    count(&question)
    if case .inFlight(let passage)? = files[path] {
      let isPending = wait(for: path, on: passage, &question) {
        if case .inFlight? = self.files[path] { return true }
        return false
      }
      if isPending { return .pending }
    }
    switch file(path) {
    case .ready(let bytes, let status)?:
      files.set(path, .consumed)
      recording.note(file: path)
      counters.bytesUnused = Swift.max(0, counters.bytesUnused &- bytes.count)
      return .found((bytes, status))
    case .inFlight?:
      // The session goes on to learn from it.
      files.set(path, .claimed)
      recording.note(file: path)
      return .notFound
    case .failed?:
      recording.note(file: path)
      return .notFound
    case nil:
      files.set(path, .claimed)
      recording.note(file: path)
      question.isDemand = true
      return .notFound
    case .claimed?, .consumed?, .withdrawn?:
      return .notFound
    }
  }

  /// The names in the directory at `path` as they were read, which may have changed since.
  ///
  /// Waits for a listing in flight if `mayWait`; the caller must not hold the GIL.
  func listing(
    _ path: [UInt8], _ question: inout Question, mayWait: Bool = true
  ) -> Attempt<DirectoryListing> {
    monitor.lock()
    defer { monitor.unlock() }
    count(&question)
    if mayWait, case .inFlight(let passage)? = listings[path] {
      let isPending = wait(for: path, on: passage, &question) {
        if case .inFlight? = self.listings[path] { return true }
        return false
      }
      if isPending { return .pending }
    }
    guard case .ready(let listing)? = listings[path] else {
      recording.note(unlisted: path)
      return .notFound
    }
    if !listing.wasNeeded {
      listing.wasNeeded = true
      recording.note(directory: path)
    }
    return .found(listing)
  }

  /// Whether the directory that was read is still the one at its path, unchanged; `isListed` says whether
  /// stock would list it now.
  func isFresh(_ listing: DirectoryListing, isListed: Bool = false) -> Bool {
    gate.admits(listing, isListed: isListed)
  }

  private func count(_ question: inout Question) {
    guard !question.isCounted else { return }
    question.isCounted = true
    asked &+= 1
    processor = Processor.current
  }

  /// Waits for one slice at most; whether it is worth waiting on.
  private func wait(
    for path: [UInt8], on passage: Passage, _ question: inout Question, while condition: () -> Bool
  ) -> Bool {
    let start = Instant.now
    guard isWorthWaiting(for: passage, at: start) else { return false }
    awaitedPath = awaited == 0 ? path : nil
    awaited &+= 1
    let end = start.adding(milliseconds: Self.slice)
    while condition(), monitor.wait(until: end) {}
    awaited &-= 1
    awaitedPath = nil
    processor = Processor.current
    let now = Instant.now
    if !question.hasWaited { counters.waits &+= 1 }
    question.hasWaited = true
    counters.waitTime &+= now.nanoseconds &- start.nanoseconds
    return condition() && isWorthWaiting(for: passage, at: now)
  }

  /// Whether its request has been made, and the session's thread is there to take the answer.
  private func isWorthWaiting(for passage: Passage, at now: Instant) -> Bool {
    guard passage.isWorthWaiting(at: now) else { return false }
    return heard.map { now < $0.adding(milliseconds: Self.longestSilence) } ?? true
  }
}
