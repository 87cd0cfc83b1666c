internal import CPython
internal import ImportaheadCore

nonisolated(unsafe) private var hasForkHooks = false

/// The longest that a fork waits for our threads, in milliseconds.
private let forkPatience = 200

/// Has the session's threads end before every fork.
///
/// The child has none of them, and CPython 3.12 and later warn about any thread they see (reliability: F1,
/// F2). Parent and child go on at their next demand.
func installForkHooks() {
  guard unsafe !hasForkHooks else { return }
  unsafe hasForkHooks = true
  _ = pthread_atfork(
    { currentSession()?.beginFork(milliseconds: forkPatience) },
    { currentSession()?.endFork() },
    { sessionBeforeFork()?.becomeChild() })
}
