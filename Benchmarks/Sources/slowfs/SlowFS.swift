import ArgumentParser
import Foundation
import SlowFileSystem

/// The command `slowfs`.
@main
struct SlowFS: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "slowfs",
    abstract: "Mount a directory read-only on a file system that answers slowly, and count.",
    discussion: """
      Requests that arrive together wait together. The process stays in the foreground and prints \
      "ready" once mounted; unmount with umount, fusermount3 -u or SIGTERM. SIGUSR1 rewrites the \
      counts while it serves. Remount for a cold start: nothing the kernel remembered survives.
      """)

  @Option(help: "Round trip of each request: 0, 100us, 1ms, 0.02s.")
  var latency = Interval(nanoseconds: 1_000_000)

  @Option(help: "Largest deviation of a round trip either way.")
  var jitter = Interval(nanoseconds: 0)

  @Option(help: "Makes the jitter repeatable.")
  var seed: UInt64 = 1

  @Option(help: "Bytes per second of the link all reads share: 100M, 1G; 0 for no cap.")
  var bandwidth = ByteCount(bytes: 0)

  @Option(help: "A round trip of its own for one operation, for instance read=2ms.")
  var latencyOf: [OperationLatency] = []

  @Option(help: "What the kernel may remember: fuse (libfuse's defaults), nfs or none.")
  var timeouts = TimeoutPreset.fuse

  @Option(help: "Seconds for which a status is trusted.")
  var attrTimeout: Double?

  @Option(help: "Seconds for which a name is known to exist.")
  var entryTimeout: Double?

  @Option(help: "Seconds for which a name is known not to exist.")
  var negativeTimeout: Double?

  @Flag(inversion: .prefixedNo, help: "Keep a file's pages across opens while its mtime stands.")
  var keepPages: Bool?

  @Option(help: "Threads that may sleep at once.")
  var threads: UInt32 = 512

  @Option(help: "Write exact counts here, as JSON, at unmount and on SIGUSR1.")
  var counts: String?

  @Option(help: "Write every request with its times here, as JSON lines, at unmount.")
  var trace: String?

  @Flag(help: "Unmount when the process that started this one ends.")
  var endWithParent = false

  @Argument(help: "The directory to show.")
  var source: String

  @Argument(help: "The empty directory to mount it on.")
  var mountPoint: String

  mutating func run() throws {
    let mount = try Mount(
      source: source, mountPoint: mountPoint,
      latency: Latency(
        roundTrip: latency.nanoseconds, jitter: jitter.nanoseconds, bandwidth: bandwidth.bytes,
        overrides: Dictionary(
          latencyOf.map { ($0.operation, $0.interval.nanoseconds) }, uniquingKeysWith: { $1 }),
        seed: seed),
      caching: caching, counts: counts, trace: trace)
    print("ready")
    fflush(nil)
    try mount.serve(threads: max(1, threads), endsWithParent: endWithParent)
  }

  /// The preset, with what was asked for one by one.
  private var caching: Caching {
    var caching = timeouts.caching
    if let attrTimeout {
      caching.attributes = attrTimeout
      caching.directoryAttributes = attrTimeout
    }
    if let entryTimeout { caching.entries = entryTimeout }
    if let negativeTimeout { caching.negatives = negativeTimeout }
    if let keepPages { caching.keepsPages = keepPages }
    return caching
  }
}
