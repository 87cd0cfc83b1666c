import Glibc

@testable import ImportaheadCore

/// Runs `body` as a session would: on a thread with a descriptor table of its own.
///
/// Expectations belong behind the call: on that thread they would not know their test.
func inSession<Result>(_ body: @escaping () -> Result) throws -> Result {
  let outcome = Outcome<Result>()
  let thread = try Thread {
    guard (try? Thread.enterPrivateDescriptorTable()) != nil else { return }
    outcome.result = body()
  }
  guard thread.join(milliseconds: 60_000), let result = outcome.result else {
    throw Errno(code: ETIMEDOUT)
  }
  return result
}

private final class Outcome<Result> {
  var result: Result?
}

/// The descriptors of the calling thread, but for the one that lists them.
func openDescriptors() -> Int {
  ((try? DirectoryListing.read(Array("/proc/thread-self/fd".utf8)))?.count ?? 0) - 1
}

/// Why tests of the ring are skipped here.
let noRing = "this kernel or sandbox refuses io_uring"

/// Whether this process may have a ring.
let hasRing = RingAvailability.survey() == .available

/// The back ends that this process may have.
let backends: [Backend] = hasRing ? [.ring, .threads] : [.threads]
